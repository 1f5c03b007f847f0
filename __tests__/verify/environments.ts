import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const windows = process.platform === 'win32';

/** Interpreter of a virtual environment. */
function interpreterOf(venv: string): string {
  return windows ? join(venv, 'Scripts', 'python.exe') : join(venv, 'bin', 'python');
}

/** A new virtual environment without pip whose site-packages hold the files given, by relative path. Returns its interpreter. */
export async function makeVenv(folder: string, files: Readonly<Record<string, string>>): Promise<string> {
  await run(windows ? 'python' : 'python3', ['-m', 'venv', '--without-pip', folder]);
  const python = interpreterOf(folder);
  const { stdout } = await run(python, ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"), end="")']);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(stdout, path)), { recursive: true });
    await writeFile(join(stdout, path), text);
  }
  return python;
}

/** A folder under the system's temporary one that is made once and kept for the next run: made aside, then moved in place. */
async function once(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(tmpdir(), 'paddle-mirror-setup-tests', name);
  if (existsSync(join(folder, 'ready'))) return folder;
  // A virtual environment holds its own path, so it is made where it stays; `ready` is written last.
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await make(folder);
  await writeFile(join(folder, 'ready.new'), '');
  await rename(join(folder, 'ready.new'), join(folder, 'ready'));
  return folder;
}

/**
 * Interpreter of an environment made by uv (so without setuptools) with these real packages in it, kept between runs.
 * PaddlePaddle's releases from 3.1 on are there for Python 3.9 to 3.13.
 */
export async function realEnvironment(name: string, packages: readonly string[]): Promise<string> {
  const uvVenv = await once('uv', async (folder) => {
    await run(windows ? 'python' : 'python3', ['-m', 'venv', join(folder, 'venv')]);
    await run(interpreterOf(join(folder, 'venv')), ['-m', 'pip', 'install', '--quiet', 'uv']);
  });
  const { stdout } = await run(windows ? 'python' : 'python3', [
    '-c',
    'import sys; print("%d.%d" % sys.version_info[:2], end="")',
  ]);
  const folder = await once(`${name}-py${stdout}`, async (made) => {
    const uv = [interpreterOf(join(uvVenv, 'venv')), '-m', 'uv'] as const;
    const python = interpreterOf(join(made, 'venv'));
    const env = { ...process.env, UV_PYTHON_DOWNLOADS: 'never' };
    await run(uv[0], [...uv.slice(1), 'venv', '--quiet', '--python', stdout, join(made, 'venv')], { env });
    await run(uv[0], [...uv.slice(1), 'pip', 'install', '--quiet', '--python', python, ...packages], { env });
  });
  return interpreterOf(join(folder, 'venv'));
}
