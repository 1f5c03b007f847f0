import { fileURLToPath } from 'node:url';
import { mirrorAt } from '../catalog/mirrors.js';
import { type ContextFile, writeBuildContext } from '../images/build-context.js';
import { indexFile } from '../lock/lock-page.js';
import { Failure } from '../values/failure.js';
import type { Lock, LockedFile } from '../values/lock.js';
import type { Runner } from '../values/runner.js';
import type { Store } from '../values/store.js';
import { tell } from './conclude.js';
import type { Run } from './context.js';
import type { Desk } from './desk.js';
import type { Works } from './run-gateway.js';

/** Path of a locked file's bytes: its own for a local one, else in the store, where it is brought if it is missing. */
async function pathOf(file: LockedFile, works: Works, store: Store): Promise<string> {
  const [first] = file.urls;
  if (file.hashOrigin === 'local' && first !== undefined) return fileURLToPath(first.url);
  await works.transfers.get(indexFile(file)).done;
  const found = await store.find(file.sha256, file.filename);
  if (found === null) throw new Error(`${file.filename} was brought and is not in the store`);
  return found.path;
}

/** Fills the folder of `docker-context`, where one is wished for. What no lock can hash cannot be in it: that is told. */
export async function makeBuildContext(
  run: Run,
  { interpreter }: Runner,
  lock: Lock,
  desk: Desk,
  works: Works,
  store: Store,
): Promise<void> {
  const { context, story } = run;
  const folder = run.request.dockerContext;
  if (folder === null) return;
  const built = lock.files.filter(({ kind }) => kind === 'sdist').map(({ filename }) => filename);
  if (built.length > 0) {
    const what = `${built.join(', ')} would have to be built from source in the image, which has no compiler and no index.`;
    const remedy = 'Give wheels for it in `requirements`, or leave `docker-context` out.';
    throw new Failure(1, [{ where: 'docker-context', what, remedy }]);
  }
  await context.timeline.step('Fill the build folder', async () => {
    const files = await Promise.all(
      lock.files.map(async (file): Promise<ContextFile> => {
        const { name, version, filename, sha256 } = file;
        return { name, version, filename, sha256, path: await pathOf(file, works, store) };
      }),
    );
    const chosen = desk.sources.ranked().find(({ kind }) => kind === 'python') ?? null;
    const index = chosen?.credentials === null && mirrorAt(chosen.url) !== undefined ? chosen.url : null;
    const python = interpreter.version.split('.').slice(0, 2).join('.');
    await writeBuildContext({ folder, files, index, python });
  });
  if (lock.unhashed.length > 0)
    tell(run, [
      {
        id: 'docker-context-unhashed',
        text: `Not in ${folder}, since nothing vouches for its content: ${lock.unhashed.join(', ')}.`,
      },
    ]);
  context.log.info(
    `${folder} has ${lock.files.length} wheels for Python ${interpreter.version.split('.').slice(0, 2).join('.')}: docker build ${folder}`,
  );
  story.buildContext = folder;
}
