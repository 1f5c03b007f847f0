import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { bytesAtOnce, inDiskTurn } from '../../src/process/disk-turns.js';
import type { Transfer } from '../../src/values/transfers.js';
import { stopFor } from '../support/busy.js';
import { content, openScene } from './setup.js';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const bytes = content(6 * 2 ** 20);

/** A file that comes for a while from two good mirrors, each of them measured: either could take over from the other. */
async function begin(): Promise<Transfer> {
  const behaviour = { bytesPerSecondPerConnection: 2 * 2 ** 20 };
  const scene = await openScene(bytes, { a: behaviour, b: behaviour }, {}, 1);
  cleanups.push(scene.close);
  const transfer = scene.again({ slowMs: 2000 }).get(scene.file);
  await transfer.size();
  await sleep(500);
  return transfer;
}

describe('no source is blamed', () => {
  test('for a disk that takes nothing for a while', async () => {
    const transfer = await begin();
    const slow = Array.from({ length: bytesAtOnce }, () => inDiskTurn('bytes', () => sleep(1200)));
    await Promise.all(slow);
    await transfer.done;
    expect(transfer.faults()).toEqual([]);
  });

  test('for time in which this process did not run', async () => {
    const transfer = await begin();
    stopFor(2500);
    await transfer.done;
    expect(transfer.faults()).toEqual([]);
  });

  test('for a clock that is set', async () => {
    const transfer = await begin();
    const now = Date.now;
    jest.spyOn(Date, 'now').mockImplementation(() => now() + 3_600_000);
    await transfer.done;
    expect(transfer.faults()).toEqual([]);
  });
});

test('a download that ends while the disk takes nothing gives its place up, and says why it ended', async () => {
  const scene = await openScene(bytes, { a: {} });
  cleanups.push(scene.close);
  const transfers = scene.again();
  const held = Array.from({ length: bytesAtOnce }, () => inDiskTurn('bytes', () => sleep(7000)));
  const transfer = transfers.get(scene.file);
  const ended = expect(transfer.done).rejects.not.toMatchObject({ name: 'TimeoutError' });
  await transfer.size();
  while ((scene.mirrors['a']?.bytes ?? 0) === 0) await sleep(50);
  await transfers.close();
  await ended;
  const place = await scene.store.partial(`${scene.file.sha256}-${scene.file.filename}`);
  expect(place).not.toBeNull();
  await place?.discard();
  await Promise.all(held);
}, 20_000);
