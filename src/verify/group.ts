import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExitStatus } from './diagnose.js';

/** Output is kept up to this many characters, the last ones: a failure is told of at the end. */
const OUTPUT_LIMIT = 64 * 1024;
/** After the end of the process its pipes may be held by a stray child for this long, ms. */
const PIPE_GRACE_MS = 1000;
/** A killed process that hangs in a driver ends when the driver lets go; it is waited for this long, ms. */
const KILL_GRACE_MS = 5000;

/** How a program ended. */
export interface GroupRun {
  readonly exit: ExitStatus;
  /** The time limit ended it. */
  readonly timedOut: boolean;
  /** Why it could not be started, or null. */
  readonly startError: string | null;
  /** The last of stdout and stderr together, as they came. */
  readonly output: string;
  readonly ms: number;
}

/** Kills a process and what it started. On Windows there are no process groups; `taskkill` walks the tree. */
function killGroup(pid: number): void {
  if (process.platform === 'win32') {
    spawn('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore', windowsHide: true }).unref();
    return;
  }
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // ESRCH: nothing of the group is left.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Runs a program in a process group of its own and kills the whole group at the limit (ms), on abort and at its end.
 * `environment` is all of the child's environment. Throws the signal's reason on abort.
 */
export async function runInGroup(
  program: string,
  args: readonly string[],
  options: {
    readonly cwd: string;
    readonly environment: Readonly<Record<string, string>>;
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  },
): Promise<GroupRun> {
  const { signal } = options;
  signal.throwIfAborted();
  const started = performance.now();
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      output = (output + chunk).slice(-OUTPUT_LIMIT);
    });
  }
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const givenUp = new AbortController();
  let grace: NodeJS.Timeout | undefined;
  const stop = () => {
    if (child.pid !== undefined) killGroup(child.pid);
    grace ??= setTimeout(() => givenUp.abort(), KILL_GRACE_MS);
  };
  let timedOut = false;
  const limit = setTimeout(() => {
    timedOut = true;
    stop();
  }, options.timeoutMs);
  signal.addEventListener('abort', stop, { once: true });
  const end = (exit: ExitStatus, startError: string | null): GroupRun => ({
    exit,
    timedOut,
    startError,
    output,
    ms: performance.now() - started,
  });
  try {
    const [code, ended] = (await once(child, 'exit', { signal: givenUp.signal })) as [number | null, string | null];
    // On Windows the tree of a process that has ended can no longer be walked.
    if (child.pid !== undefined && process.platform !== 'win32') killGroup(child.pid);
    await Promise.race([closed, sleep(PIPE_GRACE_MS, undefined, { ref: false })]);
    signal.throwIfAborted();
    return end({ code, signal: ended }, null);
  } catch (error) {
    signal.throwIfAborted();
    if (givenUp.signal.aborted) return end({ code: null, signal: null }, null);
    // `once` rejects with the child's `error` event: it could not be started.
    if (child.pid !== undefined) throw error;
    return end({ code: null, signal: null }, (error as Error).message);
  } finally {
    clearTimeout(limit);
    clearTimeout(grace);
    signal.removeEventListener('abort', stop);
    child.unref();
    child.stdout.destroy();
    child.stderr.destroy();
  }
}
