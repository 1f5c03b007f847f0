import { spawn } from 'node:child_process';
import { Failure } from '../values/failure.js';

/** How a program ended. */
export interface Ran {
  /** Exit status; null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What is run, and how long it may take. */
export interface Call {
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment of the program; nothing is added. */
  readonly environment: Readonly<Record<string, string>>;
  /** Working folder. */
  readonly cwd: string;
  /** Milliseconds until it is ended. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** What the user sees when the limit is met: `uv pip install`. */
  readonly purpose: string;
}

/** Characters of each stream that are kept: the last ones, where a failing program says why. */
const kept = 4_000_000;
/** Milliseconds between asking a program to end and ending it. */
const grace = 2_000;

/** POSIX: an installer's own children (git, build back ends) are in its process group and go with it. */
function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch (error) {
    // Already gone: what was wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Runs a program to its end without a shell and without standard input.
 * Throws Failure(1) when it can't be started or meets its limit, and the signal's reason when that is aborted; any exit status is an answer.
 */
export function runProgram(call: Call): Promise<Ran> {
  return new Promise((resolve, reject) => {
    call.signal.throwIfAborted();
    const child = spawn(call.file, [...call.args], {
      cwd: call.cwd,
      env: { ...call.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        said[stream] = (said[stream] + text).slice(-kept);
      });
    }
    let met: unknown;
    let last: NodeJS.Timeout | undefined;
    const stop = (reason: unknown): void => {
      if (child.pid === undefined || met !== undefined) return;
      const { pid } = child;
      met = reason;
      end(pid, 'SIGTERM');
      last = setTimeout(() => end(pid, 'SIGKILL'), grace);
    };
    const onAbort = (): void => stop(call.signal.reason);
    call.signal.addEventListener('abort', onAbort, { once: true });
    const limit = setTimeout(() => {
      const what = `${call.purpose} had not ended after ${Math.round(call.timeoutMs / 1000)} s and was stopped.`;
      const remedy = 'Give it more time with timeout-minutes, or look at what the last lines of the log wait for.';
      stop(new Failure(1, [{ where: call.purpose, what, remedy }]));
    }, call.timeoutMs);
    const settle = (): void => {
      clearTimeout(limit);
      clearTimeout(last);
      call.signal.removeEventListener('abort', onAbort);
    };
    child.once('error', (cause) => {
      settle();
      const what = `${call.file} could not be started: ${cause.message}.`;
      reject(
        new Failure(1, [{ where: call.purpose, what, remedy: 'Check that the file may be executed.' }], { cause }),
      );
    });
    child.once('close', (code) => {
      settle();
      if (met === undefined) resolve({ code, ...said });
      else reject(met);
    });
  });
}
