import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { asRunner, readMachine } from '../../src/runner/machine-words.js';
import { Failure } from '../../src/values/failure.js';
import type { Runner } from '../../src/values/runner.js';
import { machine } from '../plan/machines.js';

const here = machine('linux-x64', { version: '3.11.7', externallyManaged: 'use apt', writable: false });
const as = (words: string): Runner => asRunner(readMachine(words), here);

function problems(words: string): string[] {
  try {
    readMachine(words);
  } catch (error) {
    if (error instanceof Failure && error.exitCode === 2) return error.problems.map(({ what }) => what);
    throw error;
  }
  return [];
}

describe('a machine in words', () => {
  test('is one machine: what it has once is told once', () => {
    expect(problems('py311,py312,linux-x86_64,windows-x86_64,driver=535,driver=550')).toEqual([
      'It tells the Python twice, "py311" and "py312".',
      'It tells the system twice, "linux-x86_64" and "windows-x86_64".',
      'It tells the driver twice, "driver=535" and "driver=550".',
    ]);
    expect(problems('driver=550,sm=80,sm=90,npu=2,xpu=1,wsl,noavx')).toEqual([]);
  });

  test('system, Python, driver and one GPU', () => {
    const { os, arch, interpreter, accelerators } = as('linux-x86_64,py312,driver=535.104.05,cuda=12.2,sm=89');
    expect([os, arch, interpreter.version, interpreter.tags[0]]).toEqual([
      'linux',
      'x64',
      '3.12',
      'cp312-cp312-manylinux_2_35_x86_64',
    ]);
    expect(accelerators).toMatchObject({
      nvidiaDriver: '535.104.05',
      driverSystem: 'linux',
      driverCuda: '12.2',
      gpus: [{ capability: '8.9' }],
    });
  });

  test.each([
    ['driver=550,sm=80x2', ['8.0', '8.0']],
    ['driver=550,sm=80+90', ['8.0', '9.0']],
    ['driver=550,sm=80,sm=8.6', ['8.0', '8.6']],
    ['driver=580 sm=120', ['12.0']],
    ['driver=550', [null]],
    ['py311', []],
  ])('GPUs of %s', (words, capabilities) => {
    expect(as(words).accelerators.gpus.map(({ capability }) => capability)).toEqual(capabilities);
  });

  test.each([
    ['windows-x86_64', 'win32', 'x64', 'win-amd64'],
    ['macos-arm64', 'darwin', 'arm64', 'macosx-11.0-arm64'],
    ['linux-aarch64', 'linux', 'arm64', 'linux-aarch64'],
  ])('%s', (words, os, arch, platform) => {
    const seen = as(words);
    expect([seen.os, seen.arch, seen.interpreter.platform]).toEqual([os, arch, platform]);
  });

  test('C libraries, other devices, WSL, AVX, other Pythons', () => {
    expect(as('glibc=2.17').interpreter.tags).toContain('cp311-cp311-manylinux2014_x86_64');
    expect(as('glibc=2.17').interpreter.tags).not.toContain('cp311-cp311-manylinux_2_28_x86_64');
    expect(as('musl').libc).toEqual({ kind: 'musl', version: '1.2' });
    expect(as('npu=8').accelerators.others).toEqual([{ device: 'npu', count: 8, models: [] }]);
    expect(as('wsl,driver=551.61').accelerators.driverSystem).toBe('win32');
    expect(as('noavx').cpuFlags).toEqual([]);
    expect(as('pypy310').interpreter.implementation).toBe('pypy');
    expect(as('py313t').interpreter.freeThreaded).toBe(true);
    expect(as('32bit').interpreter.bits).toBe(32);
  });

  test('what no word tells is as here, and whether this machine may be written to is no matter', () => {
    const { interpreter } = as('driver=550');
    expect([interpreter.version, interpreter.externallyManaged, interpreter.writable]).toEqual(['3.11.7', null, true]);
  });

  test('every word without meaning is named, with the words there are', () => {
    expect(problems('linux-x86_64,drver=1,sm=abc,py')).toEqual([
      '"drver=1" means nothing here.',
      '"sm=abc" means nothing here.',
      '"py" means nothing here.',
    ]);
    expect(problems('sm=89')).toEqual(['It has a GPU (sm=...) without a driver.']);
    expect(problems('cuda=12.4')).toEqual(['It has cuda=... without a driver.']);
    expect(problems('glibc=2.31,musl')).toEqual(['It has two C libraries, glibc and musl.']);
    expect(problems(' , ')).toEqual(['It describes no machine.']);
  });

  test('any text is a machine or a failure with a remedy', () => {
    const word = fc.oneof(
      fc.constantFrom('linux-x86_64', 'py311', 'driver=550', 'sm=89', 'musl', 'npu', 'cuda=13.0', '=', 'sm=', 'py='),
      fc.string({ maxLength: 8 }),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), (words) => {
        const text = words.join(',');
        const wrong = problems(text);
        if (wrong.length === 0) expect(as(text).interpreter.tags.length).toBeGreaterThan(0);
        else expect(wrong.every((what) => what.endsWith('.'))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
