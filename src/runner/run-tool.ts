import { type ChildProcess, spawn } from 'node:child_process';

/** How a program ended and what it printed, each stream cut at 1 MiB. */
export interface ToolAnswer {
  /** Exit status; null when a signal ended it or it could not be started. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** It was still running at the limit and was ended. */
  readonly timedOut: boolean;
  /** Why it could not be started: `EACCES`, `ENOENT`, `ENOEXEC`, ...; null when it ran. */
  readonly startError: string | null;
}

const outputLimit = 1 << 20;

/** A tool may be a script whose own child keeps the pipe open, so the whole process group is ended; Windows has no groups. */
function end(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
  child.stdout?.destroy();
  child.stderr?.destroy();
}

/**
 * Runs a program without a shell and without input, and waits at most `limitMs` milliseconds. A program that fails, hangs or is none is
 * an answer; only an aborted `signal` throws (its reason).
 */
export async function runTool(
  program: string,
  args: readonly string[],
  options: { readonly environment: NodeJS.ProcessEnv; readonly limitMs: number; readonly signal: AbortSignal },
): Promise<ToolAnswer> {
  options.signal.throwIfAborted();
  const answer = await new Promise<ToolAnswer>((resolve) => {
    const said = { stdout: '', stderr: '' };
    const finish = (rest: Partial<ToolAnswer>) => {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', stop);
      resolve({ code: null, timedOut: false, startError: null, ...said, ...rest });
    };
    const child = spawn(program, args, {
      env: options.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    const stop = () => {
      end(child);
      finish({ timedOut: true });
    };
    const timer = setTimeout(stop, options.limitMs);
    options.signal.addEventListener('abort', stop);
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        said[name] = (said[name] + text).slice(0, outputLimit);
      });
    }
    child.once('error', (error: NodeJS.ErrnoException) => finish({ startError: error.code ?? error.message }));
    child.once('close', (code) => finish({ code }));
  });
  options.signal.throwIfAborted();
  return answer;
}

/** What a tool that did not do its work said, in one line. */
export function complaint(answer: ToolAnswer): string {
  if (answer.timedOut) return 'no answer in time';
  if (answer.startError !== null) return `cannot be started (${answer.startError})`;
  const line = `${answer.stderr}\n${answer.stdout}`.split(/\r?\n/).find((text) => text.trim() !== '');
  return line?.trim().slice(0, 300) ?? `nothing printed, exit status ${answer.code}`;
}
