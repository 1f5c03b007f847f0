import { rm } from 'node:fs/promises';
import { keepLock } from './lock/keep.js';
import { indexFile } from './lock/lock-page.js';
import { goAhead } from './pipeline/ahead.js';
import { type Bucket, openBucket } from './pipeline/bucket.js';
import { makeBuildContext } from './pipeline/build-context.js';
import { conclude, looked, type Result } from './pipeline/conclude.js';
import { prepareContainers, serveContainers } from './pipeline/containers.js';
import type { Context, Outcome, Run } from './pipeline/context.js';
import { type Desk, openDesk } from './pipeline/desk.js';
import { checkDiskSpace } from './pipeline/disk-space.js';
import { endAll } from './pipeline/end-all.js';
import { tellGithub } from './pipeline/github-cache.js';
import { beginStay } from './pipeline/keep-within.js';
import { choosePlan, tellPlan } from './pipeline/listing.js';
import { obtainLock } from './pipeline/obtain-lock.js';
import { place } from './pipeline/place.js';
import { type Prepared, prepare } from './pipeline/prepare.js';
import { bringPrograms, type Programs, seekUv } from './pipeline/programs.js';
import { prove } from './pipeline/prove.js';
import { restoredPlan } from './pipeline/recheck-lock.js';
import { resolveLock } from './pipeline/resolve-lock.js';
import { prepareWorks, type Works } from './pipeline/run-gateway.js';
import { settleAll } from './pipeline/settle-all.js';
import { sharedLocks } from './pipeline/shared-lock.js';
import { findStock, makeStock, type Stock, tellCache } from './pipeline/stock.js';
import { checkEdits, tellLater } from './pipeline/tell-later.js';
import { tellSaved, tellStored } from './pipeline/tell-saved.js';
import { tellLock, tellTraffic } from './pipeline/tell-traffic.js';
import { makeScratch } from './process/folders.js';
import type { Lock } from './values/lock.js';
import type { Plan } from './values/plan.js';
import type { Request } from './values/request.js';

/** From bare Python to a verified PaddlePaddle: look at the machine, decide, obtain the lock, install, tell later steps, prove. */
export function setup(request: Request, context: Context): Promise<Outcome> {
  return conclude('setup', request, context, async (run) => {
    // Found out now, not after minutes of downloads.
    await rm(makeScratch(), { recursive: true });
    const drafted = await prepare(run);
    const prepared = { ...drafted, containers: await prepareContainers(run, drafted.runner) };
    await checkEdits(run, prepared.runner);
    const found = await findStock(run, prepared);
    const own = await obtainLock(run, prepared, found);
    const ranking = await found?.store.readFact('ranking');
    const desk = await openDesk(run, prepared.runner, ranking?.value);
    const bucket = await openBucket(run, prepared, desk.client);
    const uv = seekUv(run, prepared, desk, bucket, found);
    // A request that is refused leaves it behind; who waits for it learns of its failure.
    uv.catch(() => undefined);
    try {
      const known = own ?? (await restoredPlan(run, prepared, found, desk));
      const shared = sharedLocks(run, prepared, desk, bucket);
      const early = known ?? (await shared.now());
      if (early !== null) tellPlan(run, early.plan);
      const plan = early?.plan ?? (await choosePlan(run, prepared, desk.sources));
      const stock = found ?? (await makeStock(run, prepared));
      try {
        const locked = early ?? (await shared.later());
        return await carryOut(run, prepared, locked?.plan ?? plan, locked?.lock ?? null, desk, bucket, stock, uv);
      } finally {
        await stock.close();
      }
    } finally {
      await endAll(() => bucket?.close(), desk.close);
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
  bucket: Bucket | null,
  stock: Stock,
  uv: ReturnType<typeof seekUv>,
): Promise<Result> {
  const { request, context, deadline } = run;
  const { store } = stock;
  const works = prepareWorks(plan, request, desk, bucket, store, context, deadline.signal);
  const stay = await beginStay(run, prepared, store);
  let locked = known;
  let had: ReadonlySet<string> = new Set();
  try {
    if (known === null) {
      const ahead = goAhead(run, prepared, plan, desk, works, store);
      ahead.catch((error: unknown) => context.log.debug(`looking ahead: ${String(error)}`));
    }
    const programs = await bringPrograms(run, prepared, desk, bucket, works, stock, uv);
    const lock = known ?? (await resolveLock(run, prepared, plan, desk, works, programs));
    locked = lock;
    works.lockTo(lock);
    const keep = async (): Promise<void> => {
      const lockPath = await keepLock(store, lock);
      tellLock(run, lock, prepared.choice.kind === 'off' ? '' : lockPath, known === null);
      if (known === null) await bucket?.storeLock(lock);
      await bucket?.lend(lock, store);
    };
    const goOn = async (): Promise<Result> => {
      const bytes = Object.values(works.transfers.fetched()).reduce((sum, part) => sum + part, 0);
      const brought = { bytes, whole: works.transfers.arrived() };
      const look = async (): Promise<void> => {
        had = await tellCache(run, prepared, stock, lock, known !== null, works.transfers.arrived());
      };
      await settleAll(
        checkDiskSpace(run, store, lock.files, request.venv ?? prepared.runner.interpreter.purelib, brought),
        look(),
        stay.uses(lock),
      );
      await tellGithub(run, prepared, stock, lock, works.transfers);
      if (prepared.containers !== null) await serveContainers(run, prepared.containers);
      await makeBuildContext(run, prepared.runner, lock, desk, works, store);
      return request.install
        ? installAll(run, prepared, plan, lock, known !== null, desk, works, programs)
        : fillCache(run, prepared, lock, works);
    };
    // A download at full speed lets each write wait: keeping the lock holds nothing up.
    const [result] = await settleAll(goOn(), keep());
    await bucket?.fill(lock, store);
    await tellGithub(run, prepared, stock, lock, works.transfers);
    return result;
  } finally {
    const tellAll = async () => {
      tellTraffic(run, desk, bucket, works);
      if (locked !== null) await tellStored(run, store, locked, works.transfers, had);
      bucket?.tell(works.transfers);
      await tellSaved(run, store, works.transfers);
    };
    const keepRanking = async () => {
      const ranking = await desk.sources.keep();
      if (ranking !== null) await store.writeFact('ranking', ranking);
    };
    const end = () => {
      const restored = stock.github !== null && stock.github.entry !== null;
      return stay.end(restored || works.transfers.arrived().size > 0 || run.story.install?.unpacked === true);
    };
    await endAll(() => bucket?.settle(), tellAll, works.close, keepRanking, end);
  }
}

/** Installs the lock, tells later steps and proves what was installed. `kept`: the lock was there before. */
async function installAll(
  run: Run,
  prepared: Prepared,
  plan: Plan,
  lock: Lock,
  kept: boolean,
  desk: Desk,
  works: Works,
  programs: Programs,
): Promise<Result> {
  const { verify } = run.request;
  const python = await place(run, prepared, lock, kept, works, programs);
  const later = await tellLater(run, prepared, python, desk);
  const proved = verify === 'off' || (await prove(run, plan, prepared.runner, python, verify));
  return { exitCode: proved ? 0 : 3, later };
}

/** `install: off`: the files are brought into the store, and nothing else happens. */
async function fillCache({ context }: Run, { containers }: Prepared, lock: Lock, works: Works): Promise<Result> {
  const wanted = lock.files.filter((file) => file.hashOrigin !== 'local').map(indexFile);
  await context.timeline.step('Fill the cache', () =>
    Promise.all(wanted.map((file) => works.transfers.get(file).done)),
  );
  return { ...looked, later: { variables: containers?.variables ?? {}, path: [] } };
}
