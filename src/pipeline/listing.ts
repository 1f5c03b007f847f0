import { neededPages, originName } from '../plan/pages.js';
import { decide } from '../plan.js';
import type { OpenSources } from '../sources/open.js';
import type { Plan } from '../values/plan.js';
import { tell } from './conclude.js';
import type { Context, Story } from './context.js';
import type { Prepared } from './prepare.js';

/** Asks for the page or two of PaddlePaddle that planning needs, and decides. Throws Failure(2) where nothing fits, Failure(1) where no source answers. */
export async function choosePlan(
  prepared: Prepared,
  sources: OpenSources,
  context: Context,
  story: Story,
): Promise<Plan> {
  const { draft, request, runner } = prepared;
  const plan = await context.timeline.step('Ask what there is', async () => {
    const pages = await Promise.all(
      neededPages(draft).map(async ({ origin, project }) => ({
        origin: originName(origin),
        page: await sources.page(project, [origin]),
      })),
    );
    return decide(draft, request, runner, { pages });
  });
  tellPlan(plan, context, story);
  return plan;
}

/** Writes a plan into the story. */
export function tellPlan(plan: Plan, context: Context, story: Story): void {
  const { device, cuda, distribution, version, pins } = plan;
  story.plan = { device, cuda, distribution, version, pins };
  tell(story, context, plan.notices);
  context.log.info(`${distribution} ${version} for ${device}`);
}
