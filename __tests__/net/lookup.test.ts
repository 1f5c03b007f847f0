import { describe, expect, test } from '@jest/globals';
import { rememberingLookup } from '../../src/net/lookup.js';

const options = { all: true, family: 0, hints: 0 };

describe('a lookup of addresses', () => {
  test('asks once for a name that is there, and gives the same again', async () => {
    const lookup = rememberingLookup();
    const find = () => new Promise((resolve) => lookup('localhost', options, (...found) => resolve(found)));
    const first = await find();
    expect(first).toEqual([
      null,
      expect.arrayContaining([expect.objectContaining({ address: expect.any(String) })]),
      undefined,
    ]);
    expect(((await find()) as unknown[])[1]).toBe((first as unknown[])[1]);
  });

  test('asks again for a name that was not', async () => {
    const lookup = rememberingLookup();
    const find = () => new Promise<unknown>((resolve) => lookup('nobody.invalid', options, (error) => resolve(error)));
    const first = await find();
    expect(first).toMatchObject({ code: 'ENOTFOUND' });
    expect(await find()).not.toBe(first);
  });
});
