import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { watchBusyness } from '../../src/transfer/busyness.js';

test('a process that computes is busy, one that waits is not', async () => {
  const isBusy = watchBusyness();
  expect(isBusy()).toBe(false);
  await sleep(1);
  for (const until = performance.now() + 300; performance.now() < until; );
  // The loop's own clock is read once a turn.
  await sleep(0);
  expect(isBusy()).toBe(true);
  await sleep(1500);
  expect(isBusy()).toBe(false);
});
