import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { installerFailure } from '../../src/install/installer-failure.js';
import { installedCuda, paddleChange } from '../../src/install/paddle-files.js';
import { hashedRequirements } from '../../src/install/pip.js';
import { gatewayPylock } from '../../src/install/uv.js';
import type { LockedFile } from '../../src/values/lock.js';
import { lockOf, temporaryFolder } from './machine.js';

describe('the end of an installer in plain words', () => {
  test.each([
    ['error: failed to write: No space left on device (os error 28)', /The disk is full/, /Make room/],
    ['OSError: [Errno 13] Permission denied: /usr/lib/x', /may not be written by this user/, /venv/],
    ['  cause: Hash mismatch for `a==1`', /does not have the hash of the lock/, /delete the lock/],
    ['THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.', /does not have the hash/, /delete the lock/],
    ['  × Failed to build `x==1`', /could not be built/, /build tools/],
    ['/usr/bin/python: No module named pip', /This Python has no pip/, /installer at uv/],
    ['something that nobody has seen', /It ended with exit status 2/, /lines above/],
  ])('%s', (stderr, what, remedy) => {
    const failure = installerFailure('uv pip install', { code: 2, stdout: '', stderr });
    expect(failure.exitCode).toBe(1);
    expect(failure.problems[0]?.what).toMatch(what);
    expect(failure.problems[0]?.what).toContain(stderr.trim());
    expect(failure.problems[0]?.remedy).toMatch(remedy);
  });
});

describe('PaddlePaddle that is already there', () => {
  const gpu = { distribution: 'paddlepaddle-gpu', paddleVersion: '3.2.2', cuda: '12.6' };
  test.each([
    ['nothing is there', {}, undefined, { remove: [], reinstall: [] }],
    ['the right build is there', { 'paddlepaddle-gpu': '3.2.2' }, '12.6', { remove: [], reinstall: [] }],
    [
      'the right build states a patch version',
      { 'paddlepaddle-gpu': '3.2.2' },
      '12.6.3',
      { remove: [], reinstall: [] },
    ],
    ['another CUDA', { 'paddlepaddle-gpu': '3.2.2' }, '11.8', { remove: [], reinstall: ['paddlepaddle-gpu'] }],
    ['its files are gone', { 'paddlepaddle-gpu': '3.2.2' }, undefined, { remove: [], reinstall: ['paddlepaddle-gpu'] }],
    [
      'another version, which is replaced anyway',
      { 'paddlepaddle-gpu': '3.1.0' },
      '11.8',
      { remove: [], reinstall: [] },
    ],
    ['the CPU build', { paddlepaddle: '3.2.2' }, null, { remove: ['paddlepaddle'], reinstall: [] }],
    [
      'both, whose files are mixed',
      { paddlepaddle: '3.2.2', 'paddlepaddle-gpu': '3.2.2' },
      '12.6',
      { remove: ['paddlepaddle'], reinstall: ['paddlepaddle-gpu'] },
    ],
    ['a plug-in, which has its own folder', { 'paddle-custom-npu': '3.2.2' }, undefined, { remove: [], reinstall: [] }],
  ])('%s', (_title, paddle, cuda, change) => {
    expect(paddleChange(paddle as Record<string, string>, cuda, gpu)).toEqual(change);
  });

  test('the build says its CUDA itself', async () => {
    const purelib = temporaryFolder();
    expect(await installedCuda(purelib)).toBeUndefined();
    mkdirSync(path.join(purelib, 'paddle', 'version'), { recursive: true });
    const file = path.join(purelib, 'paddle', 'version', '__init__.py');
    writeFileSync(file, "full_version     = '3.2.2'\ncuda_version     = '12.6'\ncudnn_version    = '9.5.1'\n");
    expect(await installedCuda(purelib)).toBe('12.6');
    writeFileSync(file, "cuda_version     = 'False'\n");
    expect(await installedCuda(purelib)).toBeNull();
  });
});

describe('a lock as the installers are fed with it', () => {
  const file: LockedFile = {
    name: 'alpha',
    version: '1.0+local.1',
    filename: 'alpha-1.0+local.1-py3-none-any.whl',
    kind: 'wheel',
    size: 3,
    sha256: 'ab'.repeat(32),
    hashOrigin: 'official',
    urls: [{ source: 'official', url: 'https://mirror.example/alpha.whl' }],
    requiresPython: null,
  };

  test('uv gets the addresses of the gateway and no public one', () => {
    const text = gatewayPylock(lockOf([file]), 'http://cpu.invalid');
    expect(text).toContain(`http://cpu.invalid/files/${file.sha256}/alpha-1.0%2Blocal.1-py3-none-any.whl`);
    expect(text).toContain('index = "http://cpu.invalid/simple"');
    expect(text).not.toContain('mirror.example');
  });

  test('pip gets one pin with one hash a line, a local file by its address', () => {
    const local: LockedFile = {
      ...file,
      name: 'beta',
      hashOrigin: 'local',
      urls: [{ source: 'local', url: 'file:///tmp/beta-1.0-py3-none-any.whl' }],
    };
    expect(hashedRequirements(lockOf([file, local]))).toBe(
      `alpha==1.0+local.1 --hash=sha256:${file.sha256}\nbeta @ file:///tmp/beta-1.0-py3-none-any.whl --hash=sha256:${file.sha256}\n`,
    );
  });
});
