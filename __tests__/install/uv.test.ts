import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { installWithUv } from '../../src/install/uv.js';
import { uvVersion } from '../../src/install/uv-release.js';
import { parseFilename } from '../../src/packaging/filename.js';
import { Failure } from '../../src/values/failure.js';
import type { LockedFile } from '../../src/values/lock.js';
import { findPythons } from '../packaging/pythons.js';
import { keptLog } from '../support/log.js';
import { type Loopback, openLoopback } from './loopback.js';
import { boundUv, lockOf, newEnvironment, temporaryFolder } from './machine.js';
import { realUv } from './real-uv.js';
import { tinyWheel } from './tiny-wheel.js';

const files = {
  ...tinyWheel({ name: 'alpha', version: '1.0' }),
  ...tinyWheel({ name: 'beta', version: '2.0' }),
};

function locked(filename: string, content: Buffer): LockedFile {
  const name = parseFilename(filename);
  return {
    name: name?.name ?? '',
    version: name?.version ?? '',
    filename,
    kind: name?.kind ?? 'wheel',
    size: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
    hashOrigin: 'index',
    urls: [{ source: 'loopback', url: `http://mirror.example/${filename}` }],
    requiresPython: null,
  };
}

const lock = lockOf(Object.entries(files).map(([name, content]) => locked(name, content)));
const [python] = findPythons();
let uv = '';
beforeAll(() => {
  uv = realUv(uvVersion);
}, 300_000);

const opened: Loopback[] = [];
async function loopback(options: Partial<Parameters<typeof openLoopback>[0]> = {}): Promise<Loopback> {
  const gateway = await openLoopback({ name: 'cpu-test', files, ...options });
  opened.push(gateway);
  return gateway;
}
afterAll(async () => {
  await Promise.all(opened.map((gateway) => gateway.close()));
});

describe('installing a lock with uv', () => {
  test('asks the gateway for the files of the lock and for nothing else', async () => {
    const gateway = await loopback();
    const interpreter = await newEnvironment(python, 'uv', uv);
    const cache = temporaryFolder();
    const log = keptLog();
    const { origin } = gateway;
    await expect(
      installWithUv({ uv: boundUv(uv, gateway, cache), lock, origin, gateway, interpreter, log }),
    ).resolves.toEqual({ attempts: 1 });
    expect([...gateway.requests].sort()).toEqual(
      lock.files.map((file) => `GET /files/${file.sha256}/${file.filename}`).sort(),
    );
    expect(existsSync(path.join(interpreter.purelib, 'alpha.py'))).toBe(true);
    expect(existsSync(path.join(interpreter.purelib, 'alpha-1.0.dist-info', 'direct_url.json'))).toBe(false);

    const other = await newEnvironment(python, 'uv', uv);
    const offline = boundUv(uv, null, cache);
    const warm = await installWithUv({ uv: offline, lock, origin, gateway: null, interpreter: other, log });
    expect(warm).toEqual({ attempts: 1 });
    expect(existsSync(path.join(other.purelib, 'beta.py'))).toBe(true);
  });

  test('without a gateway and with an empty cache it says that it cannot, and changes nothing', async () => {
    const interpreter = await newEnvironment(python, 'uv', uv);
    const wishes = { lock, origin: 'http://cold.invalid', gateway: null, interpreter, log: keptLog() };
    expect(await installWithUv({ uv: boundUv(uv, null, temporaryFolder()), ...wishes })).toBeNull();
    expect(existsSync(path.join(interpreter.purelib, 'alpha.py'))).toBe(false);
  });

  test('a connection that the gateway broke over a wrong file is tried once more', async () => {
    const gateway = await loopback({ brokenOnce: lock.files[0]?.filename ?? '' });
    const interpreter = await newEnvironment(python, 'uv', uv);
    const uvHere = boundUv(uv, gateway, temporaryFolder());
    const installed = await installWithUv({
      uv: uvHere,
      lock,
      origin: gateway.origin,
      gateway,
      interpreter,
      log: keptLog(),
    });
    expect(installed).toEqual({ attempts: 2 });
  });

  test('a file with another hash than the lock is refused with its cause and remedy', async () => {
    const gateway = await loopback();
    const interpreter = await newEnvironment(python, 'uv', uv);
    const bad = lockOf(lock.files.map((file) => ({ ...file, sha256: file.sha256.replace(/^......../, '00000000') })));
    const wishes = { lock: bad, origin: gateway.origin, gateway, interpreter, log: keptLog() };
    const failed = installWithUv({ uv: boundUv(uv, gateway, temporaryFolder()), ...wishes });
    await expect(failed).rejects.toThrow(/A file does not have the hash of the lock/);
    await expect(failed).rejects.toBeInstanceOf(Failure);
  });

  test('a local wheel is installed from where it lies', async () => {
    const folder = temporaryFolder();
    const [[filename = '', content = Buffer.alloc(0)] = []] = Object.entries(
      tinyWheel({ name: 'gamma', version: '3.0' }),
    );
    await writeFile(path.join(folder, filename), content);
    const url = pathToFileURL(path.join(folder, filename)).href;
    const file: LockedFile = { ...locked(filename, content), hashOrigin: 'local', urls: [{ source: 'local', url }] };
    const interpreter = await newEnvironment(python, 'uv', uv);
    const wishes = { lock: lockOf([file]), origin: 'http://cold.invalid', gateway: null, interpreter, log: keptLog() };
    expect(await installWithUv({ uv: boundUv(uv, null, temporaryFolder()), ...wishes })).toEqual({ attempts: 1 });
    expect(existsSync(path.join(interpreter.purelib, 'gamma.py'))).toBe(true);
  });

  test('an editable project is installed after the lock, its build requirements from the gateway', async () => {
    const gateway = await loopback();
    const project = temporaryFolder();
    // A build back end of its own folder needs nothing from an index.
    const table = ['[build-system]', 'requires = ["alpha"]', 'build-backend = "backend"', 'backend-path = ["."]'];
    await writeFile(
      path.join(project, 'pyproject.toml'),
      [...table, '[project]', 'name = "delta"', 'version = "4.0"', ''].join('\n'),
    );
    await writeFile(path.join(project, 'backend.py'), backend);
    const interpreter = await newEnvironment(python, 'uv', uv);
    const withProject = lockOf(lock.files, { unhashed: [`-e ${project}`] });
    const wishes = { lock: withProject, origin: gateway.origin, gateway, interpreter, log: keptLog() };
    await installWithUv({ uv: boundUv(uv, gateway, temporaryFolder()), ...wishes });
    expect(existsSync(path.join(interpreter.purelib, 'delta-4.0.dist-info'))).toBe(true);
    expect(gateway.requests).toContain('GET /simple/alpha/');
  });
});

describe('another build of PaddlePaddle in the environment', () => {
  const gpu = (content: string, cuda: string): Record<string, Buffer> =>
    tinyWheel({
      name: 'paddlepaddle_gpu',
      version: '3.2.2',
      members: { 'paddle/version/__init__.py': `cuda_version     = '${cuda}'\n`, 'paddle/build.txt': content },
    });

  test('the same version for another CUDA is replaced, though its file name is the same', async () => {
    const interpreter = await newEnvironment(python, 'uv', uv);
    const cache = temporaryFolder();
    const build = path.join(interpreter.purelib, 'paddle', 'build.txt');
    for (const [cuda, device, paddle] of [
      ['11.8', 'cu118', {}],
      ['12.6', 'cu126', { 'paddlepaddle-gpu': '3.2.2' }],
    ] as const) {
      const wheel = gpu(device, cuda);
      const gateway = await loopback({ name: `${device}-test`, files: wheel });
      const [[filename = '', content = Buffer.alloc(0)] = []] = Object.entries(wheel);
      const wanted = lockOf([locked(filename, content)], { device, cuda, distribution: 'paddlepaddle-gpu' });
      const now = { ...interpreter, paddle };
      const wishes = { lock: wanted, origin: gateway.origin, gateway, interpreter: now, log: keptLog() };
      await installWithUv({ uv: boundUv(uv, gateway, cache), ...wishes });
      expect(readFileSync(build, 'utf8')).toBe(device);
    }
  });

  test('a distribution that shares the paddle folder is uninstalled first', async () => {
    const interpreter = await newEnvironment(python, 'uv', uv);
    const cache = temporaryFolder();
    const cpu = tinyWheel({ name: 'paddlepaddle', version: '3.2.2', members: { 'paddle/only_cpu.txt': 'cpu' } });
    const both = { ...cpu, ...gpu('gpu', '12.6') };
    const gateway = await loopback({ name: 'both-test', files: both });
    const [first, second] = Object.entries(both).map(([name, content]) => locked(name, content));
    if (first === undefined || second === undefined) throw new Error('two wheels');
    const uvHere = boundUv(uv, gateway, cache);
    const rest = { uv: uvHere, origin: gateway.origin, gateway, log: keptLog() };
    await installWithUv({ ...rest, lock: lockOf([first]), interpreter });
    const now = { ...interpreter, paddle: { paddlepaddle: '3.2.2' } };
    await installWithUv({
      ...rest,
      lock: lockOf([second], { cuda: '12.6', distribution: 'paddlepaddle-gpu' }),
      interpreter: now,
    });
    expect(existsSync(path.join(interpreter.purelib, 'paddle', 'only_cpu.txt'))).toBe(false);
    expect(existsSync(path.join(interpreter.purelib, 'paddle', 'build.txt'))).toBe(true);
  });
});

const backend = `
import os, zipfile
def get_requires_for_build_editable(config_settings=None):
    return []
def build_editable(directory, config_settings=None, metadata_directory=None):
    import alpha
    name = 'delta-4.0-py3-none-any.whl'
    with zipfile.ZipFile(os.path.join(directory, name), 'w') as wheel:
        wheel.writestr('delta.pth', os.getcwd())
        wheel.writestr('delta-4.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: delta\\nVersion: 4.0\\n')
        wheel.writestr('delta-4.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
        wheel.writestr('delta-4.0.dist-info/RECORD', '')
    return name
`;
