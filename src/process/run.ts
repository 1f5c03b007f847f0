import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** What is run, and how long it may take. */
export interface Call {
  /** Path of the program; no shell is asked. */
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment of the program; nothing is added. */
  readonly environment: NodeJS.ProcessEnv;
  /** Working folder; left out: ours. */
  readonly cwd?: string;
  /** What it reads from standard input; left out: nothing. For what must not stand in arguments or the environment. */
  readonly input?: string;
  /** Milliseconds until it is ended. */
  readonly limitMs: number;
  /** Milliseconds between asking it to end and ending it; left out: none, for a program that has nothing to tidy up. */
  readonly graceMs?: number;
  readonly signal: AbortSignal;
}

/** How a program ended. */
export interface Ran {
  /** Exit status; null where a signal ended it, or it did not start. */
  readonly code: number | null;
  /** The signal that ended it, or null. */
  readonly signal: string | null;
  /** The last 4,000,000 characters of each stream: a failing program says why at its end. */
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams together, as they came. */
  readonly output: string;
  /** It was still running at its limit and was ended. */
  readonly timedOut: boolean;
  /** Why it could not be started: `EACCES`, `ENOENT`, `E2BIG`, ...; null when it ran. */
  readonly startError: string | null;
  /** Milliseconds from start to end. */
  readonly ms: number;
}

const windows = process.platform === 'win32';
/** Characters of a stream that are kept, give or take one chunk. */
const kept = 4_000_000;
/** After the end of the process its pipes may be held by a stray child for this long, ms. */
const pipeGraceMs = 1_000;
/** A killed process that hangs in a driver ends when the driver lets go; it is waited for this long, ms. */
const killGraceMs = 2_000;

/** The end of a text that comes in chunks. */
function createTail(): { readonly add: (chunk: string) => void; readonly text: () => string } {
  let chunks: string[] = [];
  let length = 0;
  return {
    add: (chunk) => {
      chunks.push(chunk);
      length += chunk.length;
      // Halved seldom, not cut at every chunk: a program that floods its output costs no more than reading it.
      if (length < 2 * kept) return;
      chunks = [chunks.join('').slice(-kept)];
      length = kept;
    },
    text: () => chunks.join('').slice(-kept),
  };
}

/** POSIX: what a program started (git, build back ends, a script's tool) is in its process group and goes with it. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // ESRCH: nothing of the group is left, which is what was wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Windows has no process groups; its own tool walks the tree. Where that fails the program alone is ended. */
async function endTree(child: ChildProcess): Promise<void> {
  const { exec } = await import('@actions/exec');
  const quiet = { silent: true, ignoreReturnCode: true };
  const code = await exec('taskkill', ['/pid', String(child.pid), '/t', '/f'], quiet).catch(() => null);
  if (code !== 0) child.kill('SIGKILL');
}

const reason = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

/**
 * Runs a program without a shell, in a process group of its own that is ended as a whole: at the limit,
 * on abort, and when the program itself has ended. A program that fails, hangs or is none is an answer; throws the signal's reason alone.
 */
export async function run(call: Call): Promise<Ran> {
  call.signal.throwIfAborted();
  const started = performance.now();
  const said = { stdout: createTail(), stderr: createTail(), output: createTail() };
  let timedOut = false;
  const end = (rest: Pick<Ran, 'code' | 'signal' | 'startError'>): Ran => ({
    ...rest,
    stdout: said.stdout.text(),
    stderr: said.stderr.text(),
    output: said.output.text(),
    timedOut,
    ms: performance.now() - started,
  });
  const start = () =>
    spawn(call.file, call.args, {
      cwd: call.cwd,
      env: call.environment,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: !windows,
      windowsHide: true,
    });
  let child: ReturnType<typeof start>;
  try {
    child = start();
  } catch (error) {
    // Arguments that no program can be given (too long, with a NUL) are thrown, not emitted.
    return end({ code: null, signal: null, startError: reason(error) });
  }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name].add(text);
      said.output.add(text);
    });
  }
  // A program may end without reading: how it ended tells all there is to tell.
  child.stdin.once('error', () => undefined).end(call.input);
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const givenUp = new AbortController();
  let next: NodeJS.Timeout | undefined;
  let ending: Promise<void> | undefined;
  const kill = (pid: number) => {
    if (windows) ending = endTree(child);
    else signalGroup(pid, 'SIGKILL');
    next = setTimeout(() => givenUp.abort(), killGraceMs);
  };
  const stop = () => {
    const { pid } = child;
    if (pid === undefined || next !== undefined) return;
    if (windows || call.graceMs === undefined) return kill(pid);
    signalGroup(pid, 'SIGTERM');
    next = setTimeout(() => kill(pid), call.graceMs);
  };
  const limit = setTimeout(() => {
    timedOut = true;
    stop();
  }, call.limitMs);
  call.signal.addEventListener('abort', stop, { once: true });
  try {
    const [code, signal] = (await once(child, 'exit', { signal: givenUp.signal })) as [number | null, string | null];
    // On Windows the tree of a process that has ended can no longer be walked.
    if (child.pid !== undefined && !windows) signalGroup(child.pid, 'SIGKILL');
    await Promise.race([closed, sleep(pipeGraceMs, undefined, { ref: false })]);
    await ending;
    call.signal.throwIfAborted();
    return end({ code, signal, startError: null });
  } catch (error) {
    call.signal.throwIfAborted();
    if (givenUp.signal.aborted) return end({ code: null, signal: null, startError: null });
    // `once` rejects with the child's `error` event: it could not be started.
    if (child.pid !== undefined) throw error;
    return end({ code: null, signal: null, startError: reason(error) });
  } finally {
    clearTimeout(limit);
    clearTimeout(next);
    call.signal.removeEventListener('abort', stop);
    child.unref();
    child.stdin.destroy();
    child.stdout.destroy();
    child.stderr.destroy();
  }
}
