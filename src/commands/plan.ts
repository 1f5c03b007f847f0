import { conclude, looked } from '../pipeline/conclude.js';
import type { Context, Outcome } from '../pipeline/context.js';
import { startDeadline } from '../pipeline/deadline.js';
import { openDesk } from '../pipeline/desk.js';
import { choosePlan, tellPlan } from '../pipeline/listing.js';
import { givenPlan, keptPlan } from '../pipeline/obtain-lock.js';
import { prepare } from '../pipeline/prepare.js';
import { openStock } from '../pipeline/stock.js';
import type { Request } from '../values/request.js';

/** What `setup` would install and where from, found out without changing anything; GitHub's cache is not asked. */
export function plan(request: Request, context: Context): Promise<Outcome> {
  const deadline = startDeadline(request.timeoutMs, context.signal);
  return conclude('plan', context, request.reportFile, deadline, async (story) => {
    const { signal } = deadline;
    const prepared = await prepare(request, context, story, '', signal);
    const { choice, key, anatomy, runner } = prepared;
    const looking = { ...prepared, choice: { ...choice, kind: 'directory' as const } };
    const stock = choice.kind === 'off' ? null : await openStock(looking, context, signal);
    const { pylock } = request.requirements;
    const known =
      pylock !== null
        ? await givenPlan(prepared, pylock)
        : stock === null
          ? null
          : await keptPlan(prepared, stock.store, context);
    const desk = openDesk(request, runner, context, null, signal);
    try {
      if (known === null) await choosePlan(prepared, desk.sources, context, story);
      else tellPlan(known.plan, context, story);
      story.cache = {
        store: choice.kind,
        reason: choice.reason,
        folder: choice.folder,
        key,
        anatomy,
        hit: known === null ? 'miss' : 'exact',
        filesReused: 0,
        bytesReused: 0,
        bytesDownloaded: 0,
      };
      story.sources = desk.roster
        .filter(({ id }) => desk.sources.used().includes(id))
        .map(({ id, url, origin }) => ({
          id,
          url,
          origin,
          bytes: 0,
          faults: desk.sources.faults().filter(({ source }) => source === id),
        }));
      return looked;
    } finally {
      await desk.client.close();
    }
  });
}
