import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'smol-toml';
import { makeScratch } from '../process/folders.js';
import type { Ran } from '../process/run.js';
import type { Gateway } from '../values/gateway.js';
import type { Interpreter } from '../values/interpreter.js';
import type { Lock, LockedFile } from '../values/lock.js';
import type { Log } from '../values/log.js';
import { installerFailure } from './installer-failure.js';
import { installedCuda, paddleChange } from './paddle-files.js';
import type { UvProgram } from './uv-program.js';

/** How an installation went. */
export interface Installed {
  /** Runs of the installer: 2 where a file had been repaired in between. */
  readonly attempts: number;
}

interface Wishes {
  /** uv, bound to the gateway of `gateway`, or to none. */
  readonly uv: UvProgram;
  readonly lock: Lock;
  /** Invented name of the index (`http://....invalid`): uv's cache is keyed by it, so it is the same with and without a gateway. */
  readonly origin: string;
  /** The gateway, to which the lock's files have been published; null: from uv's cache alone. */
  readonly gateway: Pick<Gateway, 'stats'> | null;
  /** The environment to install into, as it is now. */
  readonly interpreter: Pick<Interpreter, 'executable' | 'purelib' | 'paddle'>;
  /** Packages to install anew even where they are there in the right version: their files were found changed. */
  readonly again?: readonly string[];
  readonly log: Log;
}

function packageTable(file: LockedFile, origin: string): Record<string, unknown> {
  const local = file.hashOrigin === 'local' ? file.urls[0]?.url : undefined;
  const where =
    local === undefined
      ? { url: `${origin}/files/${file.sha256}/${encodeURIComponent(file.filename)}` }
      : { path: fileURLToPath(local) };
  const entry = { name: file.filename, ...where, hashes: { sha256: file.sha256 } };
  return {
    name: file.name,
    version: file.version,
    ...(local === undefined ? { index: `${origin}/simple` } : {}),
    ...(file.kind === 'wheel' ? { wheels: [entry] } : { sdist: entry }),
  };
}

/** The lock as uv is fed with it: a `pylock.toml` (PEP 751) whose addresses lead to the gateway; cold and warm the same text. */
export function gatewayPylock(lock: Lock, origin: string): string {
  return stringify({
    'lock-version': '1.0',
    'created-by': 'paddle-mirror-setup',
    'requires-python': lock.requiresPython,
    packages: lock.files.map((file) => packageTable(file, origin)),
  });
}

/** Runs once more where the gateway broke a connection over a wrong file and has repaired it since; its count decides, never a text. */
async function twice(run: () => Promise<Ran>, gateway: Wishes['gateway']): Promise<{ ran: Ran; attempts: number }> {
  const before = gateway?.stats().broken.length ?? 0;
  const first = await run();
  const repaired = gateway !== null && gateway.stats().broken.length > before;
  return first.code !== 0 && repaired ? { ran: await run(), attempts: 2 } : { ran: first, attempts: 1 };
}

/**
 * Installs a lock with uv, hashes checked, and then what no lock can hash. uv itself sees what is already there.
 * Null where it was told to do without a gateway and could not (its cache lacks a file, a repository has to be asked): it is to be
 * called again with one. Other builds of PaddlePaddle may be uninstalled by then.
 * Throws Failure(1) with cause and remedy where the installation fails.
 */
export async function installWithUv(wishes: Wishes): Promise<Installed | null> {
  const { uv, lock, origin, gateway, interpreter, again = [], log } = wishes;
  // In one go: beside a download at full speed each asynchronous step waits longer than all of these take.
  const folder = makeScratch();
  try {
    const pylock = path.join(folder, 'pylock.toml');
    writeFileSync(pylock, gatewayPylock(lock, origin));
    const change = paddleChange(interpreter.paddle, await installedCuda(interpreter.purelib), lock);
    const into = ['--python', interpreter.executable];
    if (change.remove.length > 0) {
      log.info(`Uninstalling ${change.remove.join(', ')}: it shares its files with ${lock.distribution}.`);
      const ran = await uv(['pip', 'uninstall', ...into, ...change.remove], 'uv pip uninstall');
      if (ran.code !== 0) throw installerFailure('uv pip uninstall', ran);
    }
    const reinstall = [...change.reinstall, ...again].flatMap((name) => ['--reinstall-package', name]);
    const common = ['pip', 'install', '--no-deps', '--default-index', `${origin}/simple/`, ...into];
    const args = [...common, '--preview-features', 'pylock', ...reinstall, '-r', pylock];
    const { ran, attempts } = await twice(() => uv(args, 'uv pip install'), gateway);
    log.debug(ran.stderr.trim());
    if (ran.code !== 0 && gateway === null) return null;
    if (ran.code !== 0) throw installerFailure('uv pip install', ran);

    if (lock.unhashed.length > 0) {
      const rest = path.join(folder, 'unhashed.txt');
      writeFileSync(rest, lock.unhashed.map((line) => `${line}\n`).join(''));
      const last = await uv([...common, '-r', rest], 'uv pip install');
      if (last.code !== 0 && gateway === null) return null;
      if (last.code !== 0) throw installerFailure('uv pip install', last);
    }
    return { attempts };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
