import type { Ran } from '../process/run.js';
import type { Gateway } from '../values/gateway.js';
import { runProgram } from './program.js';

/** Builds a program's whole environment: what it may have of the machine's, and ours on top. */
export type MakeEnvironment = (extra: Readonly<Record<string, string>>) => Record<string, string>;

/** Runs uv with these arguments to its end; `purpose` names the call where its limit is met. */
export type UvProgram = (args: readonly string[], purpose: string) => Promise<Ran>;

interface Options {
  /** Absolute path of uv. */
  readonly path: string;
  readonly environment: MakeEnvironment;
  /** Its one door to the world; null: `--offline`. */
  readonly gateway: Pick<Gateway, 'proxyUrl'> | null;
  /** uv's cache. */
  readonly cacheFolder: string;
  /** Working folder: without a `uv.toml` or `pyproject.toml` that it might mind. */
  readonly cwd: string;
  /** Milliseconds that are left of the deadline. */
  readonly remainingMs: () => number;
  readonly signal: AbortSignal;
}

/**
 * uv, bound to the gateway. The proxy address holds the gateway's token, so it goes into the environment and never into an argument,
 * which every user of the machine can read. Time-outs are what is left of the deadline and there are no retries: all waiting and
 * all changing of sources is done behind the gateway.
 */
export function uvProgram(options: Options): UvProgram {
  return (args, purpose) => {
    const limitMs = Math.max(1, options.remainingMs());
    const environment = options.environment({
      UV_PYTHON_DOWNLOADS: 'never',
      UV_HTTP_TIMEOUT: String(Math.ceil(limitMs / 1000)),
      UV_HTTP_RETRIES: '0',
      // Another job's uv holds a wheel's lock for as long as its download takes, which is not bound to uv's own 300 s.
      UV_LOCK_TIMEOUT: String(Math.ceil(limitMs / 1000)),
      NO_COLOR: '1',
      ...(options.gateway === null ? {} : { HTTP_PROXY: options.gateway.proxyUrl }),
    });
    const common = ['--no-config', '--no-progress', '--cache-dir', options.cacheFolder];
    return runProgram({
      file: options.path,
      args: [...args, ...common, ...(options.gateway === null ? ['--offline'] : [])],
      environment,
      cwd: options.cwd,
      limitMs,
      signal: options.signal,
      purpose,
    });
  };
}
