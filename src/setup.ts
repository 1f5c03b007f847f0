import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bringUv } from './install/bring-uv.js';
import { uvProgram } from './install/uv-program.js';
import { keepLock } from './lock/keep.js';
import { indexFile } from './lock/lock-page.js';
import { conclude, type Result } from './pipeline/conclude.js';
import type { Context, Outcome, PostState, Story } from './pipeline/context.js';
import { type Deadline, startDeadline } from './pipeline/deadline.js';
import { type Desk, openDesk } from './pipeline/desk.js';
import { choosePlan, tellPlan } from './pipeline/listing.js';
import { givenPlan, keptPlan, type LockedPlan } from './pipeline/obtain-lock.js';
import { place } from './pipeline/place.js';
import { type Prepared, prepare } from './pipeline/prepare.js';
import { prove } from './pipeline/prove.js';
import { resolveLock } from './pipeline/resolve-lock.js';
import { prepareWorks, type Works } from './pipeline/run-gateway.js';
import { filesThere, openStock, tellCache, toSave } from './pipeline/stock.js';
import { tellLater } from './pipeline/tell-later.js';
import { tellLock, tellTraffic } from './pipeline/tell-traffic.js';
import { installerEnvironment } from './runner/clean-environment.js';
import { openDirectoryStore } from './store/directory.js';
import { entryName } from './store/github.js';
import type { Request } from './values/request.js';

/** From bare Python to a verified PaddlePaddle. Reads like the table of contents: each line is a room. */
export function setup(request: Request, context: Context): Promise<Outcome> {
  const deadline = startDeadline(request.timeoutMs, context.signal);
  return conclude('setup', context, request.reportFile, deadline, async (story, state) => {
    const temporary = await mkdtemp(path.join(context.environment['RUNNER_TEMP'] ?? tmpdir(), 'paddle-mirror-setup-'));
    try {
      return await run(request, context, deadline, temporary, story, state);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });
}

async function run(
  request: Request,
  context: Context,
  deadline: Deadline,
  temporary: string,
  story: Story,
  state: { value: PostState },
): Promise<Result> {
  const { signal } = deadline;
  const prepared = await prepare(request, context, story, temporary, signal);
  const early = await openStock(prepared, context, signal);
  const known = await knownPlan(prepared, early?.store ?? null, context);
  const kept = await early?.store.readFact('ranking');
  const desk = openDesk(request, prepared.runner, context, kept?.value, signal);
  try {
    const plan = known?.plan ?? (await choosePlan(prepared, desk.sources, context, story));
    if (known !== null) tellPlan(plan, context, story);
    const stock = early ?? { store: await openDirectoryStore(prepared.choice.folder), restored: null };
    const works = prepareWorks(plan, request, desk, stock.store, context, signal);
    try {
      const uv = await context.timeline.step('Bring uv', () =>
        bringProgram(prepared, desk, works, stock.store.folders.tools, context, signal),
      );
      const lock =
        known?.lock ??
        (await resolveNew(prepared, plan, desk, works, uv.path, stock.store.folders.uv, context, deadline, story));
      works.lockTo(lock);
      const there = await filesThere(stock.store, lock);
      tellCache(prepared, known !== null, lock, there, story);
      const lockPath = await keepLock(stock.store, lock);
      tellLock(lock, lockPath, known === null, story);

      if (!request.install) {
        await context.timeline.step('Fill the cache', () => fill(lock, works));
        state.value = { journals: [], save: saveOf() };
        return { exitCode: 0, later: { variables: {}, path: [] }, state: state.value };
      }
      const means = {
        uv: uv.path,
        uvCache: stock.store.folders.uv,
        origin: works.origin,
        gateway: works.open,
        warm: known !== null,
        environment: cleanEnvironment(context),
        deadline,
      };
      const placed = await place(prepared, lock, means, context);
      const installerVersion =
        request.installer === 'uv' ? uv.version : (prepared.runner.interpreter.pip ?? 'of the environment');
      story.install = {
        installer: request.installer,
        installerVersion,
        python: placed.python,
        venv: request.venv,
        attempts: placed.attempts,
      };
      const { later, journals } = await tellLater(
        request,
        prepared.runner,
        placed.python,
        desk.sources,
        context,
        story,
      );
      state.value = { journals, save: saveOf() };

      const verified =
        request.verify === 'off' ||
        (await prove(
          {
            python: placed.python,
            device: plan.device,
            cuda: plan.cuda,
            version: plan.version,
            knownDefects: plan.knownDefects,
            level: request.verify,
            gpu: request.gpu,
          },
          prepared.runner.accelerators,
          deadline,
          context,
          story,
        ));
      return { exitCode: verified ? 0 : 3, later, state: state.value };

      function saveOf(): PostState['save'] {
        const entry = toSave(prepared, stock, lock, entryName(lock));
        return entry === null ? null : { folder: stock.store.root, entry };
      }
    } finally {
      tellTraffic(desk, works, story);
      await works.close();
      const ranking = await desk.sources.keep();
      if (ranking !== null) await stock.store.writeFact('ranking', ranking);
    }
  } finally {
    await desk.client.close();
  }
}

function knownPlan(
  prepared: Prepared,
  store: Parameters<typeof keptPlan>[1] | null,
  context: Context,
): Promise<LockedPlan | null> {
  const { pylock } = prepared.request.requirements;
  if (pylock !== null) return givenPlan(prepared, pylock);
  return store === null ? Promise.resolve(null) : keptPlan(prepared, store, context);
}

function cleanEnvironment(context: Context): (extra: Readonly<Record<string, string>>) => Record<string, string> {
  return (extra) => installerEnvironment(context.environment, extra);
}

function bringProgram(
  prepared: Prepared,
  desk: Desk,
  works: Works,
  toolsFolder: string,
  context: Context,
  signal: AbortSignal,
): ReturnType<typeof bringUv> {
  return bringUv({
    interpreter: prepared.runner.interpreter,
    page: (project) => desk.sources.page(project),
    fetch: (file) => works.transfers.get(file).done,
    toolsFolder,
    jobToolCache: prepared.runner.host !== 'shell',
    environment: context.environment,
    log: context.log,
    signal,
  });
}

async function resolveNew(
  prepared: Prepared,
  plan: LockedPlan['plan'],
  desk: Desk,
  works: Works,
  uv: string,
  uvCache: string,
  context: Context,
  deadline: Deadline,
  story: Story,
): Promise<LockedPlan['lock']> {
  const gateway = await works.open();
  const environment = cleanEnvironment(context);
  const { remainingMs, signal } = deadline;
  const program = uvProgram({
    path: uv,
    environment,
    gateway,
    cacheFolder: uvCache,
    cwd: path.dirname(uv),
    remainingMs,
    signal,
  });
  const means = { gateway, sources: desk.sources, transfers: works.transfers, uv: program, environment, signal };
  return resolveLock(prepared, plan, means, context, story);
}

async function fill(lock: LockedPlan['lock'], works: Works): Promise<void> {
  const wanted = lock.files.filter((file) => file.hashOrigin !== 'local').map(indexFile);
  await Promise.all(wanted.map((file) => works.transfers.get(file).done));
}
