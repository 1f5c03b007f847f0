import { foresee } from '../lock/foresee.js';
import { markerEnvironment } from '../packaging/marker-environment.js';
import { resolverInput } from '../plan/resolver-input.js';
import type { Plan } from '../values/plan.js';
import type { Store } from '../values/store.js';
import type { Run } from './context.js';
import type { Desk } from './desk.js';
import { mayHaveRoom } from './disk-space.js';
import type { Prepared } from './prepare.js';
import type { Works } from './run-gateway.js';

/**
 * Begins, while uv is being brought, what resolving and installing are going to need: pages and metadata of everything required, then the
 * files themselves where it is certain that they fit together. A request that may have no solution has no file brought.
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
  const files = await foresee({
    ...resolverInput(plan, request),
    page: (project) => sources.confirm(project, plan.origins[project]),
    metadata: (file) => transfers.metadata(file, deadline.signal),
    interpreter,
    environment: markerEnvironment(interpreter),
    preReleases: preReleases || plan.channel === 'nightly',
    formats,
  });
  if (files === null) context.log.debug('What will be installed is not known before it is resolved.');
  else if (await mayHaveRoom(store, files, request.venv ?? interpreter.purelib)) {
    for (const file of files) transfers.get(file);
  }
}
