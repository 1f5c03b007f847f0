import { conclude, looked } from '../pipeline/conclude.js';
import type { Context, Outcome } from '../pipeline/context.js';
import { openDesk } from '../pipeline/desk.js';
import { choosePlan, tellPlan } from '../pipeline/listing.js';
import { obtainLock } from '../pipeline/obtain-lock.js';
import { prepare } from '../pipeline/prepare.js';
import { findStock, nothingMoved } from '../pipeline/stock.js';
import type { MachineWords } from '../runner/machine-words.js';
import type { Request } from '../values/request.js';

/**
 * What `setup` would install and where from, found out without changing anything; GitHub's cache is not asked. For another machine than
 * this one the locks kept here count for nothing, and where no source answers the catalogue does.
 */
export function plan(request: Request, context: Context, machine: MachineWords | null = null): Promise<Outcome> {
  return conclude('plan', request, context, async (run) => {
    const { story } = run;
    const prepared = await prepare(run, machine);
    const { choice, key, anatomy, runner } = prepared;
    const local = choice.kind === 'github' ? { ...choice, kind: 'directory' as const } : choice;
    const known =
      machine === null ? await obtainLock(run, prepared, await findStock(run, { ...prepared, choice: local })) : null;
    const desk = await openDesk(run, runner, null);
    try {
      if (known === null) await choosePlan(run, prepared, desk.sources, machine !== null);
      else tellPlan(run, known.plan);
      const none = { ...nothingMoved, filesReused: 0, bytesReused: 0 };
      const hit = known === null ? 'miss' : 'exact';
      const { kind: store, reason } = choice;
      if (machine === null) story.cache = { store, reason, folder: choice.folder ?? '', key, anatomy, hit, ...none };
      const used = desk.roster.filter(({ id }) => desk.sources.used().includes(id));
      story.sources = used.map(({ id, url, origin }) => ({
        id,
        url,
        origin,
        bytes: 0,
        faults: desk.sources.faults().filter(({ source }) => source === id),
      }));
      return looked;
    } finally {
      await desk.close();
    }
  });
}
