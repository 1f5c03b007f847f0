import { neededPages, originName } from '../plan/pages.js';
import { decide } from '../plan.js';
import type { OpenSources } from '../sources/open.js';
import { Failure } from '../values/failure.js';
import type { Plan } from '../values/plan.js';
import { tell } from './conclude.js';
import type { Run } from './context.js';
import type { Prepared } from './prepare.js';

/** Asks for the page or two of PaddlePaddle that planning needs, and decides. Throws Failure(2) where nothing fits, Failure(1) where no source answers. */
export async function choosePlan(run: Run, { draft, runner }: Prepared, sources: OpenSources): Promise<Plan> {
  const plan = await run.context.timeline.step('Ask what there is', async () => {
    const choose = async (): Promise<Plan> => {
      const pages = await Promise.all(
        neededPages(draft).map(async ({ origin, project }) => ({
          origin: originName(origin),
          page: await sources.page(project, [origin]),
        })),
      );
      return decide(draft, run.request, runner, { pages });
    };
    try {
      return await choose();
    } catch (error) {
      // A mirror may be behind the others: before its page refuses a request they are asked too.
      if (error instanceof Failure && (await sources.confirmAll())) return choose();
      throw error;
    }
  });
  tellPlan(run, plan);
  return plan;
}

/** Writes a plan into the story. */
export function tellPlan(run: Run, plan: Plan): void {
  const { device, cuda, distribution, version, pins } = plan;
  run.story.plan = { device, cuda, distribution, version, pins };
  tell(run, plan.notices);
  run.context.log.info(`${distribution} ${version} for ${device}`);
}
