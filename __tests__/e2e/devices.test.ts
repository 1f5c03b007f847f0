import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { evaluate } from '../gateway/real-tools.js';
import { type Machine, makeMachine } from '../support/machine.js';
import { openShop, type Shop, setup, withUv } from './shop.js';

let machine: Machine;
let shop: Shop;

/** A machine with an NVIDIA GPU, as far as its tool tells. */
async function withGpu(): Promise<Record<string, string>> {
  const folder = join(machine.home, 'bin');
  const file = join(folder, 'nvidia-smi');
  await mkdir(folder, { recursive: true });
  const answer = `case "$*" in *query-gpu*) echo '0, Loopback A100, 8.0, 40960, 560.35.03';; *) echo 'CUDA Version: 12.6';; esac`;
  await writeFile(file, `#!/bin/sh\n${answer}\n`);
  await chmod(file, 0o755);
  return { PATH: [folder, withUv(machine)['PATH'] ?? ''].join(delimiter) };
}

const installed = (venv: string) =>
  evaluate(join(machine.work, venv, 'bin', 'python'), 'import paddle; print(paddle.note, paddle.version.cuda())');

beforeEach(async () => {
  machine = await makeMachine();
  shop = await openShop();
});
afterEach(async () => {
  await Promise.all([shop.close(), machine.remove()]);
});

describe('two builds whose files have the same name', () => {
  test('stay apart in one cache: cu118, cu126, then cu118 with the network off', async () => {
    const gpu = await withGpu();
    const first = await setup(machine, shop, ['--venv', 'a', '--device', 'cu118'], gpu);
    expect([first.stderr, first.exitCode]).toEqual([first.stderr, 0]);
    expect(installed('a')).toBe('from cu118 11.8');
    const second = await setup(machine, shop, ['--venv', 'b', '--device', 'cu126'], gpu);
    expect([second.stderr, second.exitCode]).toEqual([second.stderr, 0]);
    expect(installed('b')).toBe('from cu126 12.6');
    await shop.close();
    const third = await setup(machine, shop, ['--venv', 'c', '--device', 'cu118'], gpu);
    expect([third.stderr, third.exitCode]).toEqual([third.stderr, 0]);
    expect(installed('c')).toBe('from cu118 11.8');
  });

  test('replace each other in one environment', async () => {
    const gpu = await withGpu();
    for (const [device, seen] of [
      ['cu118', 'from cu118 11.8'],
      ['cu126', 'from cu126 12.6'],
    ] as const) {
      const said = await setup(machine, shop, ['--venv', 'one', '--device', device], gpu);
      expect([said.stderr, said.exitCode]).toEqual([said.stderr, 0]);
      expect(installed('one')).toBe(seen);
    }
  });
});

describe('the device', () => {
  test('is the newest CUDA build that driver and GPU take', async () => {
    const said = await setup(machine, shop, ['--venv', 'a', '--device', 'auto'], await withGpu());
    expect(said).toMatchObject({ exitCode: 0, report: { plan: { device: 'cu126' } } });
  });

  test('is refused where no driver answers, before anything is fetched', async () => {
    const said = await setup(machine, shop, ['--venv', 'a', '--device', 'cu126']);
    expect(said).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/driver[\s\S]*gpu optional/) });
    expect(shop.bytes()).toBe(0);
  });

  test('is installed without a GPU where that is said to be fine, and said to be unproved', async () => {
    const said = await setup(machine, shop, ['--venv', 'a', '--device', 'cu126', '--gpu', 'optional']);
    expect(said).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/warning: .*CPU/) });
    expect(installed('a')).toBe('from cu126 12.6');
  });
});
