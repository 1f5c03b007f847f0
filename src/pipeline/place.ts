import path from 'node:path';
import { installWithPip } from '../install/pip.js';
import { installWithUv } from '../install/uv.js';
import { type MakeEnvironment, uvProgram } from '../install/uv-program.js';
import { makeVenv } from '../install/venv.js';
import { publishLock } from '../lock/lock-page.js';
import { probeInterpreter } from '../runner/interpreter.js';
import type { Gateway } from '../values/gateway.js';
import type { Interpreter } from '../values/interpreter.js';
import type { Lock } from '../values/lock.js';
import type { Context } from './context.js';
import type { Deadline } from './deadline.js';
import type { Prepared } from './prepare.js';

/** What installing needs of the run. */
interface Means {
  /** Path of uv. */
  readonly uv: string;
  /** uv's cache folder. */
  readonly uvCache: string;
  /** Invented name of the index: uv's cache is keyed by it. */
  readonly origin: string;
  /** Opens the gateway; called only where bytes are needed. */
  readonly gateway: () => Promise<Gateway>;
  /** The lock was kept, so uv's cache may hold everything unpacked. */
  readonly warm: boolean;
  readonly environment: MakeEnvironment;
  readonly deadline: Deadline;
}

type Target = Pick<Interpreter, 'executable' | 'purelib' | 'paddle'>;

/** The environment to install into: made where it is not there yet. */
async function openEnvironment(prepared: Prepared, means: Means, context: Context): Promise<Target> {
  const { request, runner } = prepared;
  const { interpreter } = runner;
  if (request.venv === null) return interpreter;
  const { deadline, environment } = means;
  const uv = uvProgram({
    path: means.uv,
    environment,
    gateway: null,
    cacheFolder: means.uvCache,
    cwd: path.dirname(means.uv),
    remainingMs: deadline.remainingMs,
    signal: deadline.signal,
  });
  const made = await makeVenv({
    folder: request.venv,
    interpreter,
    installer: request.installer,
    uv,
    environment,
    remainingMs: deadline.remainingMs,
    log: context.log,
    signal: deadline.signal,
  });
  // A new environment is empty, so asking it would tell nothing.
  if (made.created) return { executable: made.executable, purelib: request.venv, paddle: {} };
  return probeInterpreter({
    python: made.executable,
    venv: null,
    environment: context.environment,
    signal: deadline.signal,
  });
}

/** Where the packages are now, and how often the installer ran. */
export interface Placed {
  readonly python: string;
  readonly attempts: number;
}

/**
 * Installs a lock into the environment of the request. A kept lock is tried with uv's cache alone first, which needs neither gateway nor
 * network; where that lacks a file, the gateway serves it.
 */
export async function place(prepared: Prepared, lock: Lock, means: Means, context: Context): Promise<Placed> {
  const { request } = prepared;
  const { deadline, environment, origin } = means;
  const { log } = context;
  const interpreter = await context.timeline.step('Open the environment', () =>
    openEnvironment(prepared, means, context),
  );
  return context.timeline.step('Install', async () => {
    const common = { environment, remainingMs: deadline.remainingMs, signal: deadline.signal };
    if (request.installer === 'pip') {
      const gateway = await means.gateway();
      publishLock(gateway, lock);
      const { attempts } = await installWithPip({ lock, gateway, interpreter, log, ...common });
      return { python: interpreter.executable, attempts };
    }
    const uv = (gateway: Gateway | null) =>
      uvProgram({ path: means.uv, gateway, cacheFolder: means.uvCache, cwd: path.dirname(means.uv), ...common });
    if (means.warm) {
      const done = await installWithUv({ uv: uv(null), lock, origin, gateway: null, interpreter, log });
      if (done !== null) return { python: interpreter.executable, attempts: done.attempts };
    }
    const gateway = await means.gateway();
    publishLock(gateway, lock);
    const done = await installWithUv({ uv: uv(gateway), lock, origin, gateway, interpreter, log });
    return { python: interpreter.executable, attempts: done?.attempts ?? 1 };
  });
}
