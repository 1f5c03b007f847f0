import { describe, expect, test } from '@jest/globals';
import { combinations } from '../../src/catalog/releases.js';
import { draft } from '../../src/plan.js';
import type { Request } from '../../src/values/request.js';
import type { Runner } from '../../src/values/runner.js';
import { laterPython, machine, newestPython, nvidia, request, wanted } from './machines.js';
import { only, problems } from './refused.js';

const devicesOf = (asked: Request, runner: Runner): string[] =>
  draft(asked, runner).candidates.map(({ device }) => device);

describe('the machine is refused before anything is asked', () => {
  test.each([
    [
      'a later Python',
      machine('linux-x64', { version: `${laterPython}.0` }),
      'python',
      `is Python ${laterPython}.0; PaddlePaddle has wheels for Python 3.8 to ${newestPython}.`,
    ],
    [
      'Python 3.7',
      machine('linux-x64', { version: '3.7.16' }),
      'python',
      `is Python 3.7.16; PaddlePaddle has wheels for Python 3.8 to ${newestPython}.`,
    ],
    [
      'PyPy',
      machine('linux-x64', { implementation: 'pypy', version: '3.10.14' }),
      'python',
      'is pypy 3.10.14; PaddlePaddle has wheels for CPython only.',
    ],
    [
      '32-bit',
      machine('linux-x64', { bits: 32 }),
      'python',
      'is a 32-bit Python; PaddlePaddle has 64-bit wheels only.',
    ],
    [
      'free-threaded',
      machine('linux-x64', { version: '3.13.0', freeThreaded: true }),
      'python',
      'is a free-threaded Python',
    ],
    ['musl', machine('linux-x64', { glibc: null, musl: '1.2' }), 'machine', 'musl 1.2 (Alpine)'],
    ['Windows on Arm', machine('win32-arm64'), 'machine', 'no wheels for win32-arm64'],
    [
      'an unknown processor',
      machine('linux-x64', { platform: 'linux-riscv64' }),
      'machine',
      'no wheels for linux-riscv64',
    ],
    ['no AVX', machine('linux-x64', {}, {}, { cpuFlags: ['sse4_2'] }), 'machine', 'has no AVX'],
    [
      'PEP 668',
      machine('linux-x64', { externallyManaged: 'use apt' }),
      'python',
      'forbids installing into it (PEP 668)',
    ],
    [
      'site-packages of someone else',
      machine('linux-x64', { writable: false }),
      'python',
      'may not write to /usr/lib/python3/site-packages',
    ],
  ])('%s', (_, runner, where, what) => {
    const problem = only(request(), runner);
    expect(problem.where).toBe(where);
    expect(problem.what).toContain(what);
    expect(problem.remedy).toMatch(/^[A-Z].*\.$/);
  });

  test('an environment of its own needs neither permission nor a writable site-packages; a warm-up installs nothing', () => {
    const runner = machine('linux-x64', { externallyManaged: 'use apt', writable: false });
    expect(problems(request({ venv: '/home/ci/.paddle' }), runner)).toEqual([]);
    expect(problems(request({ install: false }), runner)).toEqual([]);
  });

  test('an environment that is there already and belongs to somebody else is refused', () => {
    const theirs = { virtual: true, executable: '/srv/.paddle/bin/python', writable: false };
    const problem = only(request({ venv: '/srv/.paddle' }), machine('linux-x64', theirs));
    expect(problem).toMatchObject({ where: 'venv', what: expect.stringContaining('may not write to') });
  });

  test('the processor counts by the interpreter: an Intel Python on Apple silicon takes Intel wheels', () => {
    expect(devicesOf(request(), machine('darwin-x64', {}, {}, { arch: 'arm64' }))).toEqual(['cpu']);
    expect(devicesOf(request(), machine('darwin-arm64', { platform: 'macosx-10.9-universal2' }))).toEqual(['cpu']);
  });

  test('everything that is wrong is said at once', () => {
    const wrong = machine(
      'linux-x64',
      { version: `${laterPython}.0`, bits: 32, externallyManaged: 'use apt' },
      {},
      { cpuFlags: [] },
    );
    expect(problems(request({ device: 'cu131' }), wrong).map(({ where }) => where)).toEqual([
      'python',
      'python',
      'machine',
      'python',
      'device',
    ]);
  });

  test('flags that nobody could read are no reason', () => {
    expect(problems(request(), machine('linux-x64', {}, {}, { cpuFlags: null }))).toEqual([]);
  });
});

describe('a build that cannot compute here is refused', () => {
  test('an unknown build, with the nearest spelling', () => {
    expect(only(request({ device: 'cuda126' }), machine()).remedy).toBe('Write "device: cu126".');
  });

  test.each(['darwin-arm64', 'linux-arm64'] as const)('GPU on %s', (system) => {
    for (const device of ['gpu', 'cu126']) {
      expect(only(request({ device }), machine(system))).toMatchObject({
        where: 'device',
        remedy: 'Write "device: cpu".',
      });
    }
  });

  test('a driver below the minimum of the build', () => {
    const problem = only(request({ device: 'cu126' }), machine('linux-x64', {}, nvidia('535.104.05', '12.2', '8.0')));
    expect(problem.what).toBe(
      'cu126 (CUDA 12.6) needs driver 550.54.14 or newer (documented); this machine has 535.104.05.',
    );
    expect(problem.remedy).toBe('Write "device: cu118" or "device: cpu".');
  });

  test('CUDA 12.9 by what the driver says it takes, else by its number', () => {
    const remedy = (driver: string, cuda: string | null): number =>
      problems(request({ device: 'cu129' }), machine('linux-x64', {}, nvidia(driver, cuda, '8.0'))).length;
    expect([
      remedy('560.1', '12.9'),
      remedy('580.1', '12.8'),
      remedy('575.51.03', null),
      remedy('570.1', null),
    ]).toEqual([0, 1, 0, 1]);
  });

  test.each([
    ['cu118', '9.0', undefined, 'sm_90'],
    ['cu126', '12.0', undefined, 'sm_120'],
    ['cu129', '12.0', '==3.1.1', 'sm_120'],
    ['cu129', '6.1', undefined, 'sm_61'],
    ['cu130', '6.1', undefined, 'sm_61'],
  ])('%s on compute capability %s (%s)', (device, capability, version, named) => {
    const asked = request({ device, ...(version === undefined ? {} : wanted(version)) });
    const problem = only(asked, machine('linux-x64', {}, nvidia('580.65.06', '13.0', capability)));
    expect(problem.what).toContain(`holds no code for ${named}`);
    expect(problem.what).toContain('wrong numbers');
  });

  test('a range of releases is narrowed to those with code for the GPU', () => {
    const runner = machine('linux-x64', {}, nvidia('580.65.06', '13.0', '12.0'));
    expect(draft(request({ device: 'cu129' }), runner).candidates[0]?.specifier).toContain('>=3.2.0');
    const problem = only(request({ device: 'cu129', ...wanted('==3.1.*') }), runner);
    const newest = combinations(['cu129']).at(-1)?.version;
    expect([problem.where, problem.remedy]).toEqual(['paddle-version', `Write "paddle-version: ${newest}".`]);
  });

  test('several GPUs need one build for all', () => {
    const runner = machine('linux-x64', {}, nvidia('580.65.06', '13.0', '12.0', '6.1'));
    const problem = only(request({ device: 'gpu' }), runner);
    expect(problem.what).toContain('cu130 (CUDA 13.0) holds no code for sm_61');
    expect(problem.what).toContain('cu126 (CUDA 12.6) holds no code for sm_120');
  });

  test('no driver at all, unless the machine only builds', () => {
    const problem = only(
      request({ device: 'cu126' }),
      machine('linux-x64', {}, { failures: ['nvidia-smi: no device'] }),
    );
    expect(problem.what).toContain('no NVIDIA driver answers on this machine (nvidia-smi: no device)');
    expect(problems(request({ device: 'cu126', gpu: 'optional' }), machine())).toEqual([]);
    expect(problems(request({ device: 'cu126', verify: 'off' }), machine())).toEqual([]);
    expect(problems(request({ device: 'cu126', install: false }), machine())).toEqual([]);
    expect(only(request({ device: 'gpu', gpu: 'optional' }), machine()).remedy).toContain('"device: cu130"');
  });
});
