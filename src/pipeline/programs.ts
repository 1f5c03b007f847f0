import path from 'node:path';
import { bringUv, findUv, type Uv } from '../install/bring-uv.js';
import { type MakeEnvironment, type UvProgram, uvProgram } from '../install/uv-program.js';
import { uvWheel } from '../install/uv-release.js';
import { installerEnvironment } from '../runner/clean-environment.js';
import { makeOnce } from '../store/lock-file.js';
import type { Unpacked } from '../store/unpacked.js';
import type { Gateway } from '../values/gateway.js';
import type { Interpreter } from '../values/interpreter.js';
import type { ProjectPage } from '../values/source.js';
import type { Bucket } from './bucket.js';
import type { Run } from './context.js';
import type { Desk } from './desk.js';
import type { Prepared } from './prepare.js';
import type { Works } from './run-gateway.js';
import type { Stock } from './stock.js';
import { placeUnpacked } from './unpacked-place.js';

/** The programs of a run, each bound to its limits and its clean environment. */
export interface Programs {
  readonly uv: Uv;
  readonly environment: MakeEnvironment;
  /** Where uv unpacks, and links from. */
  readonly unpacked: Unpacked;
  /** uv behind a gateway, or offline. */
  runUv(gateway: Gateway | null): UvProgram;
}

function machine<Folder extends string | null>({ context, deadline }: Run, { runner }: Prepared, toolsFolder: Folder) {
  return {
    interpreter: runner.interpreter,
    toolsFolder,
    jobToolCache: runner.host !== 'shell',
    environment: context.environment,
    log: context.log,
    signal: deadline.signal,
  };
}

/**
 * Looks for a uv on this machine, which resolves and makes environments for either installer; null where there is none. Then its page is
 * asked for at once, beside PaddlePaddle's.
 */
export async function seekUv(
  run: Run,
  prepared: Prepared,
  { sources }: Desk,
  bucket: Bucket | null,
  stock: Stock | null,
): Promise<Uv | null> {
  const uv = await findUv(machine(run, prepared, stock?.store.folders.tools ?? null));
  // Whoever brings uv asks again, and learns of a failure then. A bucket may have it, and is asked before any index.
  if (uv === null && bucket === null)
    sources.page('uv').catch((error: unknown) => run.context.log.debug(String(error)));
  return uv;
}

/** The page of uv as the bucket alone would tell it, or null: the wheel's hash is known here, so no index is needed for it. */
async function uvOfBucket(bucket: Bucket | null, interpreter: Interpreter): Promise<ProjectPage | null> {
  const wheel = uvWheel(interpreter);
  if (bucket === null || wheel === null) return null;
  const bare = { hashOrigin: 'lock', requiresPython: null, yanked: null, uploadTime: null, locations: [] } as const;
  const file = { ...wheel, ...bare };
  const location = await bucket.share.locate(file);
  if (location === null) return null;
  return { project: 'uv', files: [{ ...file, locations: [location] }], answered: [location.source], faults: [] };
}

/** The programs of a run; uv is brought where none was found. */
export async function bringPrograms(
  run: Run,
  prepared: Prepared,
  { sources }: Desk,
  bucket: Bucket | null,
  works: Works,
  { store }: Stock,
  found: Promise<Uv | null>,
): Promise<Programs> {
  const { context, deadline } = run;
  const bring = (): Promise<Uv> =>
    bringUv({
      ...machine(run, prepared, store.folders.tools),
      page: async () => (await uvOfBucket(bucket, prepared.runner.interpreter)) ?? sources.page('uv'),
      widerPage: () => sources.widen('uv'),
      once: (ready, make) => makeOnce(path.join(store.folders.tools, 'uv.lock'), deadline.signal, ready, make),
      fetch: async (file) => {
        // A program is run as it lies there, so a file that another user of the store may have put in place is hashed first.
        const stored = await works.transfers.get(file).done;
        return (await store.check(stored)) ? stored : works.transfers.get(file).done;
      },
    });
  const uv = await context.timeline.step('Bring uv', async () => (await found) ?? (await bring()));
  const environment: MakeEnvironment = (extra) => installerEnvironment(context.environment, extra);
  const unpacked = await placeUnpacked(run, prepared, store);
  return {
    uv,
    environment,
    unpacked,
    runUv: (gateway) =>
      uvProgram({
        path: uv.path,
        environment,
        gateway,
        cacheFolder: unpacked.uv,
        cwd: path.dirname(uv.path),
        remainingMs: deadline.remainingMs,
        signal: deadline.signal,
      }),
  };
}
