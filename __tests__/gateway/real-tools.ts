import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LoopbackGateway } from '../../src/gateway/server.js';
import { installerEnvironment } from '../../src/runner/clean-environment.js';
import { findPythons } from '../packaging/pythons.js';

const python = findPythons()[0];

/** Fills a folder once a machine, by pip from the machine's own index: later test runs find it in the temporary folder. */
function once(name: string, ...pip: string[]): string {
  const folder = join(tmpdir(), `paddle-tests-${name}`);
  if (!existsSync(folder)) {
    const staging = mkdtempSync(`${folder}-`);
    const args = pip.map((arg) => (arg === 'FOLDER' ? staging : arg));
    execFileSync(python, ['-m', 'pip', '--disable-pip-version-check', ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 300_000,
    });
    try {
      renameSync(staging, folder);
    } catch (error) {
      // Another test file was first.
      if (!existsSync(folder)) {
        throw error;
      }
      rmSync(staging, { recursive: true });
    }
  }
  return folder;
}

/** Real wheels: project → file name → bytes. */
export function realWheels(): Record<string, Record<string, Buffer>> {
  const folder = once(
    'wheels',
    'download',
    '--quiet',
    '--only-binary',
    ':all:',
    '--dest',
    'FOLDER',
    'idna',
    'six',
    'numpy',
  );
  return Object.fromEntries(
    readdirSync(folder).map((file) => [file.split('-')[0] ?? '', { [file]: readFileSync(join(folder, file)) }]),
  );
}

/** A pip of this version (newest: null), to be run as a program by any interpreter. */
export function realPip(version: string | null): string {
  const wish = version === null ? 'pip' : `pip==${version}`;
  return join(
    once(`pip-${version ?? 'newest'}`, 'install', '--quiet', '--upgrade', '--no-deps', '--target', 'FOLDER', wish),
    'pip',
  );
}

/** A new environment without pip in `folder`; gives its interpreter. */
export function makeVenv(folder: string): string {
  execFileSync(python, ['-m', 'venv', '--without-pip', folder], { timeout: 60_000 });
  return join(folder, 'bin', 'python');
}

/** Runs a program behind the gateway, in the environment of an installer. Rejects when it fails. */
export async function behind(gateway: LoopbackGateway, program: string, ...args: string[]): Promise<string> {
  const proxy = { HTTP_PROXY: gateway.proxyUrl, http_proxy: gateway.proxyUrl, PIP_CONFIG_FILE: '/dev/null' };
  const { stdout, stderr } = await promisify(execFile)(program, args, {
    env: installerEnvironment(process.env, proxy),
    timeout: 120_000,
  });
  return stdout + stderr;
}

/** What a line of Python prints. */
export function evaluate(interpreter: string, line: string): string {
  return execFileSync(interpreter, ['-c', line], { encoding: 'utf8', timeout: 60_000 }).trim();
}
