import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { Failure } from '../values/failure.js';
import type { Interpreter } from '../values/interpreter.js';
import type { Log } from '../values/log.js';
import { installerFailure } from './installer-failure.js';
import { runProgram } from './program.js';
import type { MakeEnvironment, UvProgram } from './uv-program.js';

interface Wishes {
  /** Absolute folder of the environment. */
  readonly folder: string;
  /** The Python that it is made of, or that it was made of. */
  readonly interpreter: Pick<Interpreter, 'executable' | 'version'>;
  readonly installer: 'uv' | 'pip';
  readonly uv: UvProgram;
  readonly environment: MakeEnvironment;
  readonly remainingMs: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

function unfit(folder: string, what: string): Failure {
  const remedy = 'Name another folder with venv, or remove this one yourself: nothing that exists is overwritten.';
  return new Failure(2, [{ where: 'venv', what: `${folder} ${what}`, remedy }]);
}

/** Python of an environment by the layout of its platform. */
function pythonOf(folder: string): string {
  return process.platform === 'win32' ? path.join(folder, 'Scripts', 'python.exe') : path.join(folder, 'bin', 'python');
}

/** `3.11` of the Python that an environment was made of, from its `pyvenv.cfg` (PEP 405; uv writes `version_info`); null where it tells none. */
function versionOf(config: string): string | null {
  return /^version(?:_info)?\s*=\s*(\d+\.\d+)/m.exec(config)?.[1] ?? null;
}

/** Whether the folder holds an environment that can be used; throws Failure(2) where it holds something else. */
async function usable(wishes: Wishes): Promise<boolean> {
  const { folder, interpreter } = wishes;
  const found = await stat(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw unfit(folder, `can't be used: ${error.message}.`);
  });
  if (found === null) return false;
  if (!found.isDirectory()) throw unfit(folder, 'is a file.');
  const names = await readdir(folder);
  if (names.length === 0) return false;
  if (!names.includes('pyvenv.cfg')) throw unfit(folder, 'is not empty and no virtual environment.');
  const version = versionOf(await readFile(path.join(folder, 'pyvenv.cfg'), 'utf8'));
  const wanted = interpreter.version.split('.').slice(0, 2).join('.');
  if (version !== null && version !== wanted) {
    throw unfit(folder, `is an environment of Python ${version}, and Python ${wanted} is asked for.`);
  }
  const runs = await stat(pythonOf(folder)).catch(() => null);
  if (runs === null) throw unfit(folder, `is an environment whose Python ${pythonOf(folder)} is gone.`);
  return true;
}

function python(
  executable: string,
  args: readonly string[],
  purpose: string,
  wishes: Wishes,
): ReturnType<typeof runProgram> {
  return runProgram({
    file: executable,
    args,
    environment: wishes.environment({}),
    cwd: path.dirname(wishes.folder),
    limitMs: Math.max(1, wishes.remainingMs()),
    signal: wishes.signal,
    purpose,
  });
}

/** pip in the environment, from the interpreter's own `ensurepip`: no download, and the pip that this Python was released with. */
async function ensurePip(wishes: Wishes): Promise<void> {
  const own = pythonOf(wishes.folder);
  const there = await python(own, ['-c', 'import pip'], 'looking for pip', wishes);
  if (there.code === 0) return;
  const ran = await python(own, ['-m', 'ensurepip', '--default-pip'], 'python -m ensurepip', wishes);
  if (ran.code === 0) return;
  const what = `The environment has no pip, and this Python can't put one in: ${ran.stderr.trim().split('\n').at(-1) ?? ''}.`;
  const remedy =
    "Leave installer at uv, which needs no pip, or install the system's package for ensurepip (python3-venv).";
  throw new Failure(2, [{ where: 'installer', what, remedy }], { cause: installerFailure('python -m ensurepip', ran) });
}

/**
 * Makes a virtual environment (PEP 405), or takes the one that is there; nothing existing is changed beside pip being added where
 * `installer` is pip. Always uv makes it: 0.07 s, also where the system's Python comes without `ensurepip`.
 * Throws Failure(2) where the folder holds something else or another Python's environment, Failure(1) where it can't be made.
 */
export async function makeVenv(wishes: Wishes): Promise<{ readonly executable: string; readonly created: boolean }> {
  const { folder, interpreter } = wishes;
  const there = await usable(wishes);
  if (!there) {
    const args = ['venv', '--no-project', '--python', interpreter.executable, folder];
    const ran = await wishes.uv(args, 'uv venv');
    if (ran.code !== 0) throw installerFailure('uv venv', ran);
    const pip = wishes.installer === 'uv' ? ' It has no pip: with `installer: pip` it gets one.' : '';
    wishes.log.info(`Made ${folder} with Python ${interpreter.version}.${pip}`);
  }
  if (wishes.installer === 'pip') await ensurePip(wishes);
  return { executable: pythonOf(folder), created: !there };
}
