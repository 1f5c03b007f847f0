import { rm, writeFile } from 'node:fs/promises';
import { devNull } from 'node:os';
import path from 'node:path';
import { makeScratch } from '../process/folders.js';
import type { Ran } from '../process/run.js';
import type { Gateway } from '../values/gateway.js';
import type { Interpreter } from '../values/interpreter.js';
import type { Lock } from '../values/lock.js';
import type { Log } from '../values/log.js';
import { installerFailure } from './installer-failure.js';
import { installedCuda, paddleChange } from './paddle-files.js';
import { runProgram } from './program.js';
import type { MakeEnvironment } from './uv-program.js';

interface Wishes {
  readonly lock: Lock;
  /** The gateway, whose pages list the files of the lock. */
  readonly gateway: Pick<Gateway, 'proxyUrl' | 'indexUrl' | 'stats'>;
  /** The environment to install into, as it is now, with pip in it. */
  readonly interpreter: Pick<Interpreter, 'executable' | 'purelib' | 'paddle'>;
  /** Packages to install anew even where they are there in the right version: their files were found changed. */
  readonly again?: readonly string[];
  readonly environment: MakeEnvironment;
  /** Milliseconds that are left of the deadline. */
  readonly remainingMs: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** The lock as pip is fed with it: one `==` pin with its hash a line, local files by their address. */
export function hashedRequirements(lock: Lock): string {
  const lines = lock.files.map((file) => {
    const local = file.hashOrigin === 'local' ? file.urls[0]?.url : undefined;
    const target = local === undefined ? `${file.name}==${file.version}` : `${file.name} @ ${local}`;
    return `${target} --hash=sha256:${file.sha256}\n`;
  });
  return lines.join('');
}

/**
 * pip with nothing of the machine's configuration. The proxy address holds the gateway's token, so it goes into the environment:
 * `--isolated` drops `PIP_PROXY`, but `HTTP_PROXY` is read (seen with pip 23.0 to 26.3). `--isolated` alone leaves a *site* `pip.conf`
 * in force, the null device does not.
 */
function runPip(args: readonly string[], cwd: string, wishes: Wishes): Promise<Ran> {
  const limitMs = Math.max(1, wishes.remainingMs());
  return runProgram({
    file: wishes.interpreter.executable,
    args: ['-m', 'pip', '--isolated', '--disable-pip-version-check', '--no-input', ...args],
    environment: wishes.environment({
      PIP_CONFIG_FILE: devNull,
      HTTP_PROXY: wishes.gateway.proxyUrl,
      PYTHONWARNINGS: 'ignore',
    }),
    cwd,
    limitMs,
    signal: wishes.signal,
    purpose: `pip ${args[0] ?? ''}`,
  });
}

/**
 * Installs a lock with the environment's pip, hashes checked, and then what no lock can hash.
 * Throws Failure(1) with cause and remedy where the installation fails.
 */
export async function installWithPip(wishes: Wishes): Promise<{ readonly attempts: number }> {
  const { lock, gateway, interpreter, again: changed = [], log } = wishes;
  const folder = makeScratch();
  try {
    const hashed = path.join(folder, 'requirements.txt');
    await writeFile(hashed, hashedRequirements(lock));
    const { remove, reinstall } = paddleChange(interpreter.paddle, await installedCuda(interpreter.purelib), lock);
    const gone = [...new Set([...remove, ...reinstall, ...changed])];
    if (gone.length > 0) {
      log.info(`Uninstalling ${gone.join(', ')}, to be installed anew or replaced by another build.`);
      const ran = await runPip(['uninstall', '--yes', ...gone], folder, wishes);
      if (ran.code !== 0) throw installerFailure('pip uninstall', ran);
    }
    const seconds = String(Math.max(1, Math.ceil(wishes.remainingMs() / 1000)));
    const index = ['--index-url', gateway.indexUrl, '--trusted-host', new URL(gateway.indexUrl).hostname];
    const quiet = ['--progress-bar', 'off', '--no-warn-script-location'];
    const common = [
      'install',
      '--no-deps',
      '--no-cache-dir',
      '--timeout',
      seconds,
      '--retries',
      '0',
      ...index,
      ...quiet,
    ];
    const run = (): Promise<Ran> => runPip([...common, '--require-hashes', '-r', hashed], folder, wishes);
    const before = gateway.stats().broken.length;
    const first = await run();
    const again = first.code !== 0 && gateway.stats().broken.length > before;
    const ran = again ? await run() : first;
    log.debug(ran.stdout.trim());
    if (ran.code !== 0) throw installerFailure('pip install', ran);

    if (lock.unhashed.length > 0) {
      const rest = path.join(folder, 'unhashed.txt');
      await writeFile(rest, lock.unhashed.map((line) => `${line}\n`).join(''));
      const last = await runPip([...common, '-r', rest], folder, wishes);
      if (last.code !== 0) throw installerFailure('pip install', last);
    }
    return { attempts: again ? 2 : 1 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
