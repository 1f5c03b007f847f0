import { foresee } from '../lock/foresee.js';
import { parseFilename } from '../packaging/filename.js';
import { markerEnvironment } from '../packaging/marker-environment.js';
import { resolverInput } from '../plan/resolver-input.js';
import type { Plan } from '../values/plan.js';
import type { IndexFile } from '../values/source.js';
import type { Store } from '../values/store.js';
import type { Run } from './context.js';
import type { Desk } from './desk.js';
import { mayHaveRoom } from './disk-space.js';
import type { Prepared } from './prepare.js';
import type { Works } from './run-gateway.js';

/**
 * Begins, while uv is being brought, what resolving and installing are going to need: pages and metadata of everything required, then the
 * files themselves where it is certain that they fit together. A request that may have no solution has no file brought; one for PaddlePaddle
 * alone has one, so that its own files are begun as soon as they are known.
 */
export async function goAhead(
  run: Run,
  { runner }: Prepared,
  plan: Plan,
  { sources }: Desk,
  { transfers }: Works,
  store: Store,
): Promise<void> {
  const { request, context, deadline } = run;
  const { interpreter } = runner;
  const { formats, preReleases } = request.requirements;
  const { requirements, constraints } = request.requirements;
  const alone = requirements.length === 0 && constraints.length === 0;
  const isPinned = ({ filename }: IndexFile): boolean =>
    plan.pins.some(({ name }) => name === parseFilename(filename)?.name);
  const begin = async (files: readonly IndexFile[]): Promise<void> => {
    if (await mayHaveRoom(store, files, request.venv ?? interpreter.purelib)) {
      for (const file of files) transfers.get(file);
    }
  };
  const files = await foresee({
    ...resolverInput(plan, request),
    page: (project) => sources.confirm(project, plan.origins[project]),
    metadata: async (file) => {
      const text = await transfers.metadata(file, deadline.signal);
      if (alone && isPinned(file)) await begin([file]);
      return text;
    },
    interpreter,
    environment: markerEnvironment(interpreter),
    preReleases: preReleases || plan.channel === 'nightly',
    formats,
  });
  if (files === null) context.log.debug('What will be installed is not known before it is resolved.');
  else await begin(files);
}
