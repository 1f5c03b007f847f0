import type { LoopbackGateway } from '../gateway/server.js';
import { sdistPyproject } from '../install/sdist-pyproject.js';
import type { MakeEnvironment, UvProgram } from '../install/uv-program.js';
import { makeLock } from '../lock/make-lock.js';
import { resolve } from '../lock/resolve.js';
import { resolverInput } from '../plan/resolver-input.js';
import type { OpenSources } from '../sources/open.js';
import type { Transfers } from '../transfer/transfers.js';
import type { Lock } from '../values/lock.js';
import type { Plan } from '../values/plan.js';
import { tell } from './conclude.js';
import type { Context, Story } from './context.js';
import type { Prepared } from './prepare.js';

/** What resolving needs of the run. */
interface Means {
  readonly gateway: LoopbackGateway;
  readonly sources: OpenSources;
  readonly transfers: Transfers;
  readonly uv: UvProgram;
  readonly environment: MakeEnvironment;
  readonly signal: AbortSignal;
}

/** PaddlePaddle and everything else in one resolution, then the exact file of each package. Throws Failure(2) where there is no solution. */
export async function resolveLock(
  prepared: Prepared,
  plan: Plan,
  means: Means,
  context: Context,
  story: Story,
): Promise<Lock> {
  const { request, runner, key } = prepared;
  const { gateway, sources, transfers, uv, environment, signal } = means;
  const { interpreter } = runner;
  const lines = resolverInput(plan, request);
  const { formats, preReleases } = request.requirements;
  const pins = await context.timeline.step('Resolve', () =>
    resolve({
      uv,
      interpreter,
      gateway,
      lines,
      preReleases: preReleases || plan.channel === 'nightly',
      formats,
      log: context.log,
    }),
  );
  const made = await context.timeline.step('Lock', () =>
    makeLock({
      pins,
      page: (project) => sources.page(project, plan.origins[project]),
      fetch: (file) => transfers.get(file).done,
      fetchLink: (url) => gateway.bringDirect(url),
      pyproject: (sdist) => sdistPyproject(sdist, interpreter, environment, signal),
      interpreter,
      requirements: lines.requirements,
      formats,
      plan,
      key,
      now: context.started,
    }),
  );
  tell(story, context, made.notices);
  for (const build of made.builds) {
    const wants = build.requires.length === 0 ? 'setuptools' : build.requires.join(', ');
    tell(story, context, [
      {
        id: `sdist-${build.name}`,
        text: `${build.name} is built here from source; building asks for ${wants}, which is resolved outside the lock.`,
      },
    ]);
  }
  return made.lock;
}
