import { describe, expect, test } from '@jest/globals';
import { inspectAccelerators } from '../../src/runner/accelerators.js';
import { parseKernelModule } from '../../src/runner/nvidia.js';
import { parseList, visibleGpus } from '../../src/runner/visible-gpus.js';
import type { Gpu } from '../../src/values/runner.js';
import { pathOf, program, scratch } from './support.js';

const list = `GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-aaaa1111-0000-0000-0000-000000000000)
  MIG 1g.5gb      Device  0: (UUID: MIG-0a000000-0000-0000-0000-000000000000)
  MIG 2g.10gb     Device  1: (UUID: MIG-0b000000-0000-0000-0000-000000000000)
GPU 1: NVIDIA GeForce GTX 1080 (UUID: GPU-bbbb2222-0000-0000-0000-000000000000)
`;
const gpu = (index: number, name: string): Gpu => ({ index, name, capability: null, memoryMiB: null, mig: [] });
const mixed = [gpu(0, 'NVIDIA A100-SXM4-40GB'), gpu(1, 'NVIDIA GeForce GTX 1080')];
const twins = [gpu(0, 'NVIDIA A10'), gpu(1, 'NVIDIA A10')];

describe('the list of GPUs', () => {
  test('has their UUIDs and MIG instances', () => {
    expect(parseList(list).map(({ index, instances }) => [index, instances.map(({ profile }) => profile)])).toEqual([
      [0, ['1g.5gb', '2g.10gb']],
      [1, []],
    ]);
  });

  test.each([
    ['', 'No devices were found'],
    ['anything', 'Failed to initialize NVML: Driver/library version mismatch'],
  ])('is empty for what is none: %s', (_, text) => {
    expect(parseList(text)).toEqual([]);
  });
});

describe('CUDA_VISIBLE_DEVICES', () => {
  const visible = (gpus: readonly Gpu[], setting: string | undefined, order?: string): number[] =>
    visibleGpus(gpus, parseList(list), {
      ...(setting === undefined ? {} : { CUDA_VISIBLE_DEVICES: setting }),
      ...(order === undefined ? {} : { CUDA_DEVICE_ORDER: order }),
    }).map(({ index }) => index);

  test.each([
    ['unset: all', twins, undefined, undefined, [0, 1]],
    ['empty: none', twins, '', undefined, []],
    ['-1: none', twins, '-1', undefined, []],
    ['a number', twins, '1', undefined, [1]],
    ['numbers in their order', twins, '1,0', undefined, [1, 0]],
    ['what follows a word without meaning does not count', twins, '0,-1,1', undefined, [0]],
    ["a number among different GPUs hides nothing, as CUDA's order is not known", mixed, '1', undefined, [0, 1]],
    ['unless the order is that of the bus', mixed, '1', 'PCI_BUS_ID', [1]],
    ['a UUID or its beginning', mixed, 'GPU-bbbb', undefined, [1]],
  ] as const)('%s', (_, gpus, setting, order, expected) => {
    expect(visible(gpus, setting, order)).toEqual(expected);
  });

  test('a MIG instance is its GPU with that profile alone', () => {
    const seen = visibleGpus(mixed, parseList(list), { CUDA_VISIBLE_DEVICES: 'MIG-0b' });
    expect(seen).toEqual([{ ...mixed[0], mig: ['2g.10gb'] }]);
  });
});

describe('a driver that no GPU can be used with', () => {
  const signal = new AbortController().signal;
  const smi = (folder: string, table: string, listed: string) =>
    program(folder, 'nvidia-smi', [
      'case "$1" in',
      '--query-gpu=*) echo "0, NVIDIA A100-SXM4-40GB, 8.0, 40960, 550.54.14";;',
      `-L) /bin/cat <<'END'`,
      listed,
      'END',
      ';;',
      `*) /bin/cat <<'END'`,
      table,
      'END',
      ';;',
      'esac',
    ]);

  test('MIG is on without an instance', async () => {
    const folder = await scratch();
    await smi(folder, '|  No MIG devices found    |', 'GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-aaaa)');
    const { gpus, failures } = await inspectAccelerators({ environment: { PATH: pathOf(folder) }, signal });
    expect(gpus).toEqual([]);
    expect(failures.join()).toContain('MIG is on and no instance is made');
  });

  test('MIG with instances: the GPU, with their profiles', async () => {
    const folder = await scratch();
    await smi(folder, '| MIG devices: |', list);
    const { gpus, failures } = await inspectAccelerators({ environment: { PATH: pathOf(folder) }, signal });
    expect([gpus.map(({ mig }) => mig), failures]).toEqual([[['1g.5gb', '2g.10gb']], []]);
  });

  test('CUDA_VISIBLE_DEVICES hides all', async () => {
    const folder = await scratch();
    await smi(folder, 'CUDA Version: 12.4', 'GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-aaaa)');
    const environment = { PATH: pathOf(folder), CUDA_VISIBLE_DEVICES: '' };
    const { gpus, failures } = await inspectAccelerators({ environment, signal });
    expect(gpus).toEqual([]);
    expect(failures).toEqual(['nvidia-smi: CUDA_VISIBLE_DEVICES= hides all 1 GPUs']);
  });

  test.each([
    ['NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023', '535.104.05'],
    ['NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build', '580.65.06'],
    ['', null],
  ])('the driver of a container without nvidia-smi: %s', (text, version) => {
    expect(parseKernelModule(text)).toBe(version);
  });
});
