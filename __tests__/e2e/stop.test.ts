import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { evaluate } from '../gateway/real-tools.js';
import { tinyWheel } from '../install/tiny-wheel.js';
import { type Machine, makeMachine } from '../support/machine.js';
import { openShop, pythonFiles, type Shop, setup } from './shop.js';

const LARGE = 6_000_000;
let machine: Machine;
let shop: Shop;
let temporary: string;

beforeEach(async () => {
  machine = await makeMachine();
  temporary = join(machine.home, 'tmp');
  mkdirSync(temporary);
  const members = { 'large.txt': randomBytes(LARGE / 2).toString('hex') };
  const large = tinyWheel({ name: 'large', version: '1.0', members });
  shop = await openShop({ files: { ...pythonFiles(), large }, bytesPerSecondPerConnection: 1_000_000 });
});
afterEach(async () => {
  await Promise.all([shop.close(), machine.remove()]);
});

const options = ['--venv', '.paddle', '--packages', 'large'];
const extra = () => ({ TMPDIR: temporary });

/** Ends a run by a signal once a quarter of the large file is there. */
function stopped(signal: NodeJS.Signals) {
  let timer: NodeJS.Timeout | undefined;
  return setup(machine, shop, options, extra(), (child) => {
    timer = setInterval(() => {
      if (shop.bytes() > LARGE / 4 && child.kill(signal)) clearInterval(timer);
    }, 10);
  }).finally(() => clearInterval(timer));
}

const folders = (path: string) => readdir(join(machine.home, '.cache', 'paddle-mirror-setup', path)).catch(() => []);

describe('a run that is stopped in the middle of a download', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`by ${signal} says so and leaves nothing half done`, async () => {
      const said = await stopped(signal);
      expect(said).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/stopped[\s\S]*run it again/i) });
      expect(await readdir(temporary)).toEqual([]);
      // What is in the store is whole: the large file is not there.
      expect((await folders('wheels')).length).toBeLessThan(6);
    });
  }

  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    test(`by ${signal} goes on from there the next time`, async () => {
      await stopped(signal);
      const before = shop.bytes();
      const again = await setup(machine, shop, options, extra());
      expect([again.stderr, again.exitCode]).toEqual([again.stderr, 0]);
      expect(
        evaluate(join(machine.work, '.paddle', 'bin', 'python'), 'import paddle, large; print(large.version)'),
      ).toBe('1.0');
      expect(shop.bytes() - before).toBeLessThan(LARGE);
      // METADATA that was read by ranges stays noted for other runs; of files nothing is left.
      expect((await folders('partial')).filter((name) => !name.startsWith('metadata-'))).toEqual([]);
    });
  }
});
