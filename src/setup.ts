import { keepLock } from './lock/keep.js';
import { indexFile } from './lock/lock-page.js';
import { goAhead } from './pipeline/ahead.js';
import { conclude, looked, type Result } from './pipeline/conclude.js';
import type { Context, Outcome, Run } from './pipeline/context.js';
import { type Desk, openDesk } from './pipeline/desk.js';
import { checkDiskSpace } from './pipeline/disk-space.js';
import { choosePlan, tellPlan } from './pipeline/listing.js';
import { obtainLock } from './pipeline/obtain-lock.js';
import { place } from './pipeline/place.js';
import { type Prepared, prepare } from './pipeline/prepare.js';
import { bringPrograms, seekUv } from './pipeline/programs.js';
import { prove } from './pipeline/prove.js';
import { resolveLock } from './pipeline/resolve-lock.js';
import { prepareWorks, type Works } from './pipeline/run-gateway.js';
import { findStock, makeStock, type Stock, tellCache, toSave } from './pipeline/stock.js';
import { checkEdits, tellLater } from './pipeline/tell-later.js';
import { tellLock, tellTraffic } from './pipeline/tell-traffic.js';
import type { Lock } from './values/lock.js';
import type { Plan } from './values/plan.js';
import type { Request } from './values/request.js';

/** From bare Python to a verified PaddlePaddle: look at the machine, decide, obtain the lock, install, tell later steps, prove. */
export function setup(request: Request, context: Context): Promise<Outcome> {
  return conclude('setup', request, context, async (run) => {
    const prepared = await prepare(run);
    await checkEdits(run, prepared.runner);
    const found = await findStock(run, prepared);
    const known = await obtainLock(run, prepared, found);
    const ranking = await found?.store.readFact('ranking');
    const desk = openDesk(run, prepared.runner, ranking?.value);
    const uv = seekUv(run, prepared, desk, found);
    // A request that is refused leaves it behind; who waits for it learns of its failure.
    uv.catch(() => undefined);
    try {
      if (known !== null) tellPlan(run, known.plan);
      const plan = known?.plan ?? (await choosePlan(run, prepared, desk.sources));
      const stock = found ?? (await makeStock(run, prepared));
      try {
        return await carryOut(run, prepared, plan, known?.lock ?? null, desk, stock, uv);
      } finally {
        await stock.close();
      }
    } finally {
      await desk.client.close();
    }
  });
}

/** Everything after the decision: from here on the machine is changed. `known`: the lock, where there is one already. */
async function carryOut(
  run: Run,
  prepared: Prepared,
  plan: Plan,
  known: Lock | null,
  desk: Desk,
  stock: Stock,
  uv: ReturnType<typeof seekUv>,
): Promise<Result> {
  const { request, context, deadline } = run;
  const { store } = stock;
  const works = prepareWorks(plan, request, desk, store, context, deadline.signal);
  try {
    if (known === null) {
      const ahead = goAhead(run, prepared, plan, desk, works, store);
      ahead.catch((error: unknown) => context.log.debug(`looking ahead: ${String(error)}`));
    }
    const programs = await bringPrograms(run, prepared, desk, works, stock, uv);
    const lock = known ?? (await resolveLock(run, prepared, plan, desk, works, programs));
    works.lockTo(lock);
    await tellCache(run, prepared, stock, lock, known !== null, works.transfers.arrived());
    const lockPath = await keepLock(store, lock);
    tellLock(run, lock, prepared.choice.kind === 'off' ? '' : lockPath, known === null);
    run.state = { ...run.state, save: toSave(prepared, stock, lock) };
    const underWay = Object.values(works.transfers.fetched()).reduce((sum, bytes) => sum + bytes, 0);
    await checkDiskSpace(run, store, lock, request.venv ?? prepared.runner.interpreter.purelib, underWay);
    if (!request.install) return await fillCache(run, lock, works);

    const python = await place(run, prepared, lock, known !== null, works, programs);
    const later = await tellLater(run, prepared.runner, python, desk.sources);
    const proved = request.verify === 'off' || (await prove(run, plan, prepared.runner, python, request.verify));
    return { exitCode: proved ? 0 : 3, later };
  } finally {
    tellTraffic(run, desk, works);
    await works.close();
    const ranking = await desk.sources.keep();
    if (ranking !== null) await store.writeFact('ranking', ranking);
  }
}

/** `install: off`: the files are brought into the store, and nothing else happens. */
async function fillCache({ context }: Run, lock: Lock, works: Works): Promise<Result> {
  const wanted = lock.files.filter((file) => file.hashOrigin !== 'local').map(indexFile);
  await context.timeline.step('Fill the cache', () =>
    Promise.all(wanted.map((file) => works.transfers.get(file).done)),
  );
  return looked;
}
