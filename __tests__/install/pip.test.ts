import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { installWithPip } from '../../src/install/pip.js';
import { uvVersion } from '../../src/install/uv-release.js';
import type { LockedFile } from '../../src/values/lock.js';
import { findPythons } from '../packaging/pythons.js';
import { keptLog } from '../support/log.js';
import { type Loopback, openLoopback } from './loopback.js';
import { type describe as describeMachine, environment, lockOf, newEnvironment } from './machine.js';
import { realUv } from './real-uv.js';
import { tinyWheel } from './tiny-wheel.js';

const pythons = findPythons();
const files = tinyWheel({ name: 'alpha', version: '1.0', requires: ['not-there'] });
const [[filename = '', content = Buffer.alloc(0)] = []] = Object.entries(files);
const locked: LockedFile = {
  name: 'alpha',
  version: '1.0',
  filename,
  kind: 'wheel',
  size: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
  hashOrigin: 'index',
  urls: [{ source: 'loopback', url: `http://mirror.example/${filename}` }],
  requiresPython: null,
};

let uv = '';
let shared: ReturnType<typeof describeMachine>;
const opened: Loopback[] = [];
beforeAll(async () => {
  uv = realUv(uvVersion);
  shared = await newEnvironment(pythons[0], 'pip', uv);
}, 300_000);
afterAll(async () => {
  await Promise.all(opened.map((gateway) => gateway.close()));
});

async function loopback(options: Partial<Parameters<typeof openLoopback>[0]> = {}): Promise<Loopback> {
  const gateway = await openLoopback({ name: 'cpu-test', files, ...options });
  opened.push(gateway);
  return gateway;
}

function install(
  gateway: Loopback,
  interpreter: ReturnType<typeof describeMachine>,
  lock = lockOf([locked]),
): ReturnType<typeof installWithPip> {
  const signal = AbortSignal.timeout(60_000);
  const rest = { environment, remainingMs: () => 60_000, log: keptLog(), signal };
  return installWithPip({ lock, gateway, interpreter, ...rest });
}

function pipVersion(executable: string): string {
  return execFileSync(executable, ['-m', 'pip', '--version'], { encoding: 'utf8' }).split(' ')[1] ?? '';
}

describe('installing a lock with pip', () => {
  test.each([
    ['the pip of the oldest Python here', pythons.at(-1) ?? '', false],
    ['the newest pip', pythons[0], true],
  ])('%s asks the gateway alone and writes no credentials anywhere', async (_title, python, upgrade) => {
    const gateway = await loopback();
    const interpreter = await newEnvironment(python, 'pip', uv);
    const upgradePip = ['-m', 'pip', 'install', '--quiet', '--upgrade', 'pip'];
    if (upgrade) execFileSync(interpreter.executable, upgradePip, { stdio: 'ignore', timeout: 60_000 });
    expect(pipVersion(interpreter.executable)).toMatch(/^\d+\.\d+/);
    // A site configuration is read even by an isolated pip, unless its file is the null device.
    const site = path.join(path.dirname(path.dirname(interpreter.executable)), 'pip.conf');
    await writeFile(
      site,
      '[global]\nindex-url = http://127.0.0.1:9/simple/\nextra-index-url = http://127.0.0.1:9/extra/\n',
    );
    await expect(install(gateway, interpreter)).resolves.toEqual({ attempts: 1 });
    expect(gateway.requests).toEqual(['GET /simple/alpha/', `GET /files/${locked.sha256}/${filename}`]);
    expect(existsSync(path.join(interpreter.purelib, 'alpha.py'))).toBe(true);
    expect(existsSync(path.join(interpreter.purelib, 'alpha-1.0.dist-info', 'direct_url.json'))).toBe(false);
  });

  test('a hash that is not the lock’s ends with its cause and remedy', async () => {
    const gateway = await loopback();
    const wrong = lockOf([{ ...locked, sha256: locked.sha256.replace(/^......../, '00000000') }]);
    await expect(install(gateway, shared, wrong)).rejects.toThrow(/A file does not have the hash of the lock/);
  });

  test('a file that the gateway broke is asked for once more', async () => {
    const gateway = await loopback({ brokenOnce: filename });
    await expect(install(gateway, shared)).resolves.toEqual({ attempts: 2 });
  });

  test('the same version for another CUDA is replaced', async () => {
    const interpreter = shared;
    for (const [cuda, paddle] of [
      ['11.8', {}],
      ['12.6', { 'paddlepaddle-gpu': '3.2.2' }],
    ] as const) {
      const members = { 'paddle/version/__init__.py': `cuda_version     = '${cuda}'\n` };
      const wheel = tinyWheel({ name: 'paddlepaddle_gpu', version: '3.2.2', members });
      const [[name = '', bytes = Buffer.alloc(0)] = []] = Object.entries(wheel);
      const gateway = await loopback({ name: 'gpu-test', files: wheel });
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const file: LockedFile = { ...locked, name: 'paddlepaddle-gpu', version: '3.2.2', filename: name, sha256 };
      const lock = lockOf([file], { cuda, distribution: 'paddlepaddle-gpu' });
      await install(gateway, { ...interpreter, paddle }, lock);
      expect(readFileSync(path.join(interpreter.purelib, 'paddle', 'version', '__init__.py'), 'utf8')).toContain(cuda);
    }
  });
});
