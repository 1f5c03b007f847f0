import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { settleAll } from '../../src/pipeline/settle-all.js';

test('gives what all gave, in the order they were named', async () => {
  expect(await settleAll(sleep(5, 'late'), Promise.resolve(2))).toEqual(['late', 2]);
});

test('waits for the others where one fails, and throws what that one failed with', async () => {
  let written = false;
  const slow = sleep(5).then(() => {
    written = true;
  });
  await expect(settleAll(Promise.reject(new Error('no room')), slow)).rejects.toThrow('no room');
  expect(written).toBe(true);
});

test('throws the first of the list where several fail, whichever was sooner', async () => {
  const late = sleep(5).then(() => Promise.reject(new Error('the installation')));
  await expect(settleAll(late, Promise.reject(new Error('the lock')))).rejects.toThrow('the installation');
});
