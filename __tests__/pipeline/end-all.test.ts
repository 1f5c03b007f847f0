import { expect, test } from '@jest/globals';
import { endAll } from '../../src/pipeline/end-all.js';

test('everything is ended in order although something before it fails, and the failure is told', async () => {
  const ended: string[] = [];
  const failure = new Error('the bucket broke off');
  const ending = endAll(
    () => Promise.reject(failure),
    async () => ended.push('gateway'),
    () => undefined,
    async () => ended.push('client'),
  );
  await expect(ending).rejects.toBe(failure);
  expect(ended).toEqual(['gateway', 'client']);
});

test('of several failures none is lost', async () => {
  const ends = ['one', 'two'].map((what) => () => Promise.reject(new Error(what)));
  await expect(endAll(...ends)).rejects.toThrow('Error: one; Error: two');
});
