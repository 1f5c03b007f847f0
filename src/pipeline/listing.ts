import { believedPage } from '../plan/believed.js';
import { differences } from '../plan/differences.js';
import { neededPages, originName } from '../plan/pages.js';
import { decide } from '../plan.js';
import type { OpenSources } from '../sources/open.js';
import { Failure } from '../values/failure.js';
import type { Draft, Plan } from '../values/plan.js';
import type { Report } from '../values/report.js';
import type { Listing } from '../values/source.js';
import { tell } from './conclude.js';
import type { Run } from './context.js';
import type { Prepared } from './prepare.js';

type Basis = NonNullable<Report['choice']>['basis'];

async function readListing(draft: Draft, sources: OpenSources): Promise<Listing> {
  const pages = neededPages(draft).map(async ({ origin, project }) => ({
    origin: originName(origin),
    page: await sources.page(project, [origin]),
  }));
  return { pages: await Promise.all(pages) };
}

/** The catalogue's word in place of the pages of projects that no source told anything of; those projects. */
function believe(
  draft: Draft,
  { pages }: Listing,
): { readonly listing: Listing; readonly unheard: ReadonlySet<string> } {
  const heard = new Set(pages.filter(({ page }) => page.answered.length > 0).map(({ page }) => page.project));
  const believed = neededPages(draft)
    .filter(({ project }) => !heard.has(project))
    .map(({ origin, project }) => ({ origin: originName(origin), page: believedPage(project, origin) }));
  return {
    listing: { pages: [...pages.filter(({ page }) => heard.has(page.project)), ...believed] },
    unheard: new Set(believed.map(({ page }) => page.project)),
  };
}

/**
 * Asks for the page or two of PaddlePaddle that planning needs, and decides. Throws Failure(2) where nothing fits, Failure(1) where no
 * source answers; with `unconfirmed` the catalogue answers in their place.
 */
export async function choosePlan(
  run: Run,
  { draft, runner }: Prepared,
  sources: OpenSources,
  unconfirmed = false,
): Promise<Plan> {
  const { plan, told } = await run.context.timeline.step('Ask what there is', async () => {
    const choose = async () => {
      const live = await readListing(draft, sources);
      const { listing, unheard } = unconfirmed ? believe(draft, live) : { listing: live, unheard: new Set<string>() };
      const decided = decide(draft, run.request, runner, listing);
      const candidate = draft.candidates.find(({ device }) => device === decided.device);
      const projects = Object.keys(candidate?.origins ?? {});
      const basis: Basis = projects.some((project) => unheard.has(project)) ? 'catalogue' : 'index';
      const odd =
        candidate === undefined || basis === 'catalogue'
          ? []
          : differences(decided, candidate, listing, runner.interpreter);
      return { plan: decided, told: { basis, differences: odd } };
    };
    try {
      return await choose();
    } catch (error) {
      // A mirror may be behind the others: before its page refuses a request they are asked too.
      if (error instanceof Failure && (await sources.confirmAll())) return choose();
      throw error;
    }
  });
  tellPlan(run, plan, told);
  return plan;
}

/** Writes a plan into the story, with what it rests on. */
export function tellPlan(
  run: Run,
  plan: Plan,
  told: { readonly basis: Basis; readonly differences: readonly string[] } = { basis: 'lock', differences: [] },
): void {
  const { device, why, cuda, channel, build, distribution, version, pins, origins } = plan;
  const folders = Object.values(origins).flatMap((all) =>
    all.map((origin) => (origin.kind === 'python' ? 'the Python index' : `${origin.channel}/${origin.folder}`)),
  );
  const from = [...new Set(folders)];
  run.story.plan = { device, cuda, distribution, version, pins };
  run.story.choice = { why, channel, build, from, ...told };
  tell(run, plan.notices);
  run.context.log.info(`${distribution} ${version} for ${device}: ${why}`);
}
