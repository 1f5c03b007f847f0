import { conclude, looked, tell } from '../pipeline/conclude.js';
import type { Context, Outcome } from '../pipeline/context.js';
import { openDesk } from '../pipeline/desk.js';
import { neededPages } from '../plan/pages.js';
import { draft as draftPlan } from '../plan.js';
import { inspectRunner } from '../runner/runner.js';
import { probe } from '../sources/probe.js';
import { Failure } from '../values/failure.js';
import { maskUrl } from '../values/mask.js';
import type { Request } from '../values/request.js';

/** Milliseconds for the first answer: long enough to tell slow from dead. */
const firstAnswerMs = 8_000;

/** Looks at every source that takes part, politely and side by side: its page of PaddlePaddle and at most 1 MiB of a wheel. */
export function probeSources(request: Request, context: Context): Promise<Outcome> {
  return conclude('probe', request, context, async (run) => {
    const { signal } = run.deadline;
    const { runner, notices } = await context.timeline.step('Look at the machine', () =>
      inspectRunner(request, context.environment, signal),
    );
    tell(run, notices);
    const pages = neededPages(draftPlan(request, runner));
    const desk = await openDesk(run, runner, null);
    try {
      const asked = desk.roster.flatMap((source) => {
        if (source.kind === 'find-links') return [];
        const page = pages.find(({ origin }) => (origin.kind === 'paddle') === (source.kind === 'paddle'));
        if (source.kind === 'paddle' && page === undefined) return [];
        const folder = page?.origin.kind === 'paddle' ? page.origin : null;
        return [{ source, project: page?.project ?? 'paddlepaddle', folder, wanted: null, firstAnswerMs }];
      });
      const probes = await context.timeline.step('Ask every source', () =>
        Promise.all(asked.map((question) => probe(desk.client, { ...question, signal }))),
      );
      run.story.probes = probes
        .map(({ source, ms, bytesPerSecond, fault }) => ({
          id: source.id,
          url: maskUrl(source.url),
          origin: source.origin,
          ms,
          bytesPerSecond,
          fault,
        }))
        .sort((a, b) => (b.bytesPerSecond ?? -1) - (a.bytesPerSecond ?? -1));
      // PaddlePaddle's own index may be silent where the Python index has the build, so it is shown and no failure.
      const faults = probes.filter((_, at) => asked[at]?.source.kind === 'python').map(({ fault }) => fault);
      if (faults.length > 0 && faults.every((fault) => fault !== null)) {
        const remedy = 'The list says what each one answered, and what helps.';
        throw new Failure(1, [
          { where: 'mirrors', what: 'No index of Python packages that was asked answers.', remedy },
        ]);
      }
      return looked;
    } finally {
      await desk.close();
    }
  });
}
