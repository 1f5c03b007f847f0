import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { listWheels } from '../../src/store/inventory.js';
import { openShop, type Shop } from '../e2e/shop.js';
import { type Machine, makeMachine } from '../support/machine.js';
import { setupHere, spoil, storeOf } from './in-process.js';

let machine: Machine;
let shop: Shop;
beforeEach(async () => {
  machine = await makeMachine();
  shop = await openShop();
});
afterEach(() => Promise.all([shop.close(), machine.remove()]));

/** What is told of the cache by a run that installs from it. */
async function told() {
  const { exitCode, report } = await setupHere(machine, shop, { venv: join(machine.work, 'env') });
  expect([report.problems, exitCode]).toEqual([[], 0]);
  return report.cache;
}

test('a wheel of the cache whose bytes are wrong is downloaded, and not told as reused', async () => {
  await setupHere(machine, shop, { install: 'off' });
  const bytes = await spoil(machine, 'numpy-');
  expect(bytes).toBeGreaterThan(0);
  const cache = await told();
  expect(cache).toMatchObject({ hit: 'partial', filesReused: 3, bytesDownloaded: bytes });
  expect(cache).toMatchObject({ stored: { files: 1, bytes }, awaited: { files: 0, bytes: 0 } });
});

test('a cache that has nothing but wrong bytes is told as one that had nothing', async () => {
  await setupHere(machine, shop, { install: 'off' });
  await spoil(machine, '');
  expect(await told()).toMatchObject({
    hit: 'miss',
    filesReused: 0,
    bytesReused: 0,
    saved: null,
    stored: { files: 4 },
  });
});

test('a cache that had everything is told as such, also where only unpacked files are left', async () => {
  await setupHere(machine, shop, { install: 'off' });
  expect(await told()).toMatchObject({ hit: 'exact', filesReused: 4, stored: { files: 0 } });
  const wheels = await listWheels(storeOf(machine));
  const bytes = wheels.reduce((sum, wheel) => sum + wheel.bytes, 0);
  for (const wheel of wheels) await wheel.drop();
  await rm(join(machine.work, 'env'), { recursive: true });
  expect(await told()).toMatchObject({ hit: 'exact', filesReused: 4, bytesReused: bytes, bytesDownloaded: 0 });
});
