import { type DamagedPackage, damagedPackages } from '../install/damaged.js';
import { installWithPip } from '../install/pip.js';
import { installWithUv } from '../install/uv.js';
import { makeVenv } from '../install/venv.js';
import { publishLock } from '../lock/lock-page.js';
import { probeInterpreter } from '../runner/interpreter.js';
import { type AlteredTree, guardTrees, recordTrees } from '../store/unpacked.js';
import { oldestOf, runsAtWork } from '../store/uses.js';
import type { Interpreter } from '../values/interpreter.js';
import type { Lock } from '../values/lock.js';
import { tell } from './conclude.js';
import type { Run } from './context.js';
import { explainInstall } from './explain-install.js';
import type { Prepared } from './prepare.js';
import type { Programs } from './programs.js';
import type { Works } from './run-gateway.js';

type Target = Pick<Interpreter, 'executable' | 'purelib' | 'paddle' | 'pip'>;

/** The environment to install into: made where it is not there yet. */
async function openEnvironment(run: Run, { runner }: Prepared, programs: Programs): Promise<Target> {
  const { request, context, deadline } = run;
  const { interpreter } = runner;
  if (request.venv === null) return interpreter;
  const { executable, created } = await makeVenv({
    folder: request.venv,
    interpreter,
    installer: request.installer,
    uv: programs.runUv(null),
    environment: programs.environment,
    remainingMs: deadline.remainingMs,
    log: context.log,
    signal: deadline.signal,
  });
  // A new environment is empty, so with uv, which needs no pip in it, asking it would tell nothing.
  if (created && request.installer === 'uv') return { executable, purelib: request.venv, paddle: {}, pip: null };
  const { environment } = context;
  return probeInterpreter({ python: executable, venv: null, environment, signal: deadline.signal });
}

/** A job that edits a file of its environment in place edits the cache's, too: the next one is told what it was spared. */
function tellAltered(run: Run, altered: readonly AlteredTree[]): void {
  const notices = altered.map(({ name, path }) => ({
    id: `altered-${name}`,
    text: `${path} of ${name} was changed after it was unpacked, most likely by an earlier job in its own environment. ${name} is unpacked again from its wheel.`,
  }));
  tell(run, notices);
}

/** An environment that lost files would be taken for complete by any installer: what it lacks is told, and installed again. */
function tellDamaged(run: Run, damaged: readonly DamagedPackage[]): void {
  const notices = damaged.map(({ name, path }) => ({
    id: `damaged-${name}`,
    text: `${path} of ${name} is gone from the environment, or empty. ${name} is installed again.`,
  }));
  tell(run, notices);
}

/**
 * Installs a lock into the environment of the request and gives the environment's interpreter. A kept lock is tried with uv's cache alone
 * first, which needs neither gateway nor network; where that lacks a file, the gateway serves it.
 */
export async function place(
  run: Run,
  prepared: Prepared,
  lock: Lock,
  kept: boolean,
  works: Works,
  programs: Programs,
): Promise<string> {
  const { request, context, deadline, story } = run;
  const { log, timeline } = context;
  const interpreter = await timeline.step('Open the environment', () => openEnvironment(run, prepared, programs));
  const { installer, venv } = request;
  const open = async () => {
    const gateway = await works.open();
    publishLock(gateway, lock);
    return gateway;
  };
  const damaged = damagedPackages(interpreter.purelib, lock.files);
  tellDamaged(run, damaged);
  const withUv = async (altered: readonly AlteredTree[]): Promise<number> => {
    const again = [...new Set([...altered, ...damaged].map(({ name }) => name))];
    const common = { lock, origin: works.origin, interpreter, log, again };
    const offline =
      kept && altered.length === 0 ? await installWithUv({ ...common, uv: programs.runUv(null), gateway: null }) : null;
    if (offline !== null) return offline.attempts;
    const gateway = await open();
    const online = await installWithUv({ ...common, uv: programs.runUv(gateway), gateway });
    return online?.attempts ?? 1;
  };
  const withPip = async (): Promise<number> => {
    const { remainingMs, signal } = deadline;
    const { environment } = programs;
    const { attempts } = await installWithPip({
      lock,
      gateway: await open(),
      interpreter,
      again: damaged.map(({ name }) => name),
      log,
      environment,
      remainingMs,
      signal,
    });
    return attempts;
  };
  let fresh = false;
  const install = async (): Promise<number> => {
    if (installer === 'pip') return timeline.step('Install', withPip);
    const { unpacked } = programs;
    const { folder } = prepared.choice;
    // A store that goes at the end of the run is this run's alone.
    const others = async () =>
      folder === null ? Number.POSITIVE_INFINITY : oldestOf(await runsAtWork(folder, Date.now(), process.pid));
    const altered = await timeline.step('Check unpacked files', () =>
      guardTrees(unpacked, lock.files, others, deadline.signal),
    );
    tellAltered(run, altered);
    const attempts = await timeline.step('Install', () => withUv(altered));
    fresh = await timeline.step('Record unpacked files', () => recordTrees(unpacked, lock.files));
    return attempts;
  };
  const problems = () => works.opened()?.problems() ?? [];
  const known = new Set(problems());
  const attempts = await install().catch((error: unknown) => {
    throw explainInstall(error, problems(), known);
  });
  const installerVersion = (installer === 'uv' ? programs.uv.version : interpreter.pip) ?? '';
  story.install = { installer, installerVersion, python: interpreter.executable, venv, attempts, unpacked: fresh };
  return interpreter.executable;
}
