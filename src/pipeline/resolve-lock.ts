import { sdistPyproject } from '../install/sdist-pyproject.js';
import { makeLock } from '../lock/make-lock.js';
import { resolve } from '../lock/resolve.js';
import { resolverInput } from '../plan/resolver-input.js';
import type { Lock } from '../values/lock.js';
import type { Plan } from '../values/plan.js';
import { tell } from './conclude.js';
import type { Run } from './context.js';
import type { Desk } from './desk.js';
import type { Prepared } from './prepare.js';
import type { Programs } from './programs.js';
import type { Works } from './run-gateway.js';

/** PaddlePaddle and everything else in one resolution, then the exact file of each package. Throws Failure(2) where there is no solution. */
export async function resolveLock(
  run: Run,
  prepared: Prepared,
  plan: Plan,
  { sources }: Desk,
  works: Works,
  programs: Programs,
): Promise<Lock> {
  const { request, context, deadline } = run;
  const { interpreter } = prepared.runner;
  const lines = resolverInput(plan, request);
  const { formats, preReleases } = request.requirements;
  const gateway = await works.open();
  const pins = await context.timeline.step('Resolve', () =>
    resolve({
      uv: programs.runUv(gateway),
      interpreter,
      gateway,
      lines,
      preReleases: preReleases || plan.channel === 'nightly',
      formats,
      confirm: sources.confirmAll,
      log: context.log,
    }),
  );
  const { lock, notices, builds } = await context.timeline.step('Lock', () =>
    makeLock({
      pins,
      page: (project) => sources.confirm(project, plan.origins[project]),
      fetch: (file) => works.transfers.get(file).done,
      fetchLink: (url) => gateway.bringDirect(url),
      pyproject: (sdist) => sdistPyproject(sdist, interpreter, programs.environment, deadline.signal),
      interpreter,
      requirements: lines.requirements,
      formats,
      plan,
      key: prepared.key,
      now: context.started,
    }),
  );
  const fromSource = builds.map(({ name, requires }) => ({
    id: `sdist-${name}`,
    text: `${name} is built here from source; building asks for ${requires.length === 0 ? 'setuptools' : requires.join(', ')}, which is resolved outside the lock.`,
  }));
  tell(run, [...notices, ...fromSource]);
  return lock;
}
