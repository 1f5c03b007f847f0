import { describe, expect, test } from '@jest/globals';
import { cpuFlags, hostKind, operatingSystem, parseCpuinfo } from '../../src/runner/platform.js';
import { Failure } from '../../src/values/failure.js';
import { printer, scratch } from './support.js';

const signal = new AbortController().signal;

describe('the platform', () => {
  test('an operating system without any wheel is refused', () => {
    expect(operatingSystem('linux')).toBe('linux');
    expect(() => operatingSystem('freebsd')).toThrow(Failure);
  });

  test('inside a job the runner says whose it is', () => {
    expect(hostKind({})).toBe('shell');
    expect(hostKind({ GITHUB_ACTIONS: 'true', RUNNER_ENVIRONMENT: 'github-hosted' })).toBe('github-hosted');
    expect(hostKind({ GITHUB_ACTIONS: 'true', RUNNER_ENVIRONMENT: 'self-hosted' })).toBe('self-hosted');
    expect(hostKind({ GITHUB_ACTIONS: 'true' })).toBe('self-hosted');
  });

  test('the flags of the first processor count', () => {
    expect(parseCpuinfo('processor\t: 0\nflags\t\t: fpu AVX avx2\n\nprocessor\t: 1\nflags\t\t: none\n')).toEqual([
      'fpu',
      'avx',
      'avx2',
    ]);
    expect(parseCpuinfo('processor\t: 0\nFeatures\t: fp asimd evtstrm\n')).toEqual(['fp', 'asimd', 'evtstrm']);
    expect(parseCpuinfo('processor : 0\nflags :\nmodel : x\n')).toBeNull();
  });

  test('macOS is asked by sysctl, and does not tell on Arm', async () => {
    const folder = await scratch();
    const environment = { PATH: `${folder}:/usr/bin:/bin` };
    await printer(folder, 'sysctl', 'FPU SSE4.2 AVX1.0\nSMEP AVX2');
    expect(await cpuFlags('darwin', { environment, signal })).toEqual(['fpu', 'sse4.2', 'avx', 'smep', 'avx2']);
    await printer(folder, 'sysctl', '', 1);
    expect(await cpuFlags('darwin', { environment, signal })).toBeNull();
    expect(await cpuFlags('win32', { environment, signal })).toBeNull();
  });
});
