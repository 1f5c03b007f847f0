import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findPythons } from '../packaging/pythons.js';

/**
 * The real uv of this version, from the machine's own index by pip, once a machine: later test runs find it in the temporary folder.
 */
export function realUv(version: string): string {
  const folder = path.join(tmpdir(), `paddle-tests-uv-${version}`);
  const uv = path.join(folder, 'bin', process.platform === 'win32' ? 'uv.exe' : 'uv');
  if (existsSync(uv)) return uv;
  const staging = mkdtempSync(`${folder}-`);
  // Tests run it as other users too.
  chmodSync(staging, 0o755);
  const args = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', staging, `uv==${version}`];
  execFileSync(findPythons()[0], args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 300_000 });
  try {
    renameSync(staging, folder);
  } catch (error) {
    // Another test file was first.
    if (!existsSync(uv)) throw error;
    rmSync(staging, { recursive: true });
  }
  return uv;
}
