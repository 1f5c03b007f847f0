import { believedPage } from '../plan/believed.js';
import { differences } from '../plan/differences.js';
import { neededPages, originName } from '../plan/pages.js';
import { decide } from '../plan.js';
import type { OpenSources } from '../sources/open.js';
import { Failure } from '../values/failure.js';
import type { Draft, Origin, Plan } from '../values/plan.js';
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

/** The catalogue's word in place of what no source told of a candidate's project; of nightlies it has none. The devices it concerns. */
function believe(
  { candidates, channel }: Draft,
  live: Listing,
): { readonly listing: Listing; readonly unheard: readonly string[] } {
  const told = (origin: Origin, project: string): boolean =>
    live.pages.some(
      (entry) =>
        entry.origin === originName(origin) && entry.page.project === project && entry.page.answered.length > 0,
    );
  const silent = candidates.flatMap(({ device, origins }) =>
    Object.entries(origins).flatMap(([project, all]) =>
      channel === 'nightly' || all.some((origin) => told(origin, project))
        ? []
        : all.map((origin) => ({ device, project, origin })),
    ),
  );
  const believed = silent.map(({ project, origin }) => ({
    origin: originName(origin),
    page: believedPage(project, origin),
  }));
  const replaced = new Set(believed.map(({ origin, page }) => `${origin} ${page.project}`));
  const kept = live.pages.filter(({ origin, page }) => !replaced.has(`${origin} ${page.project}`));
  return { listing: { pages: [...kept, ...believed] }, unheard: silent.map(({ device }) => device) };
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
      const { listing, unheard } = unconfirmed ? believe(draft, live) : { listing: live, unheard: [] };
      const decided = decide(draft, run.request, runner, listing);
      const candidate = draft.candidates.find(({ device }) => device === decided.device);
      const basis: Basis = unheard.includes(decided.device) ? 'catalogue' : 'index';
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
