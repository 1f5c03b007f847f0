import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { openNames } from '../../src/net/names.js';
import { stopFor } from '../support/busy.js';
import { ask, client, faultOf, server } from './house.js';

describe('the addresses of a host', () => {
  test('are asked for once, and remembered', async () => {
    const names = openNames();
    const first = await names.find('localhost');
    expect(first).toEqual(expect.arrayContaining([expect.objectContaining({ address: expect.any(String) })]));
    expect(await names.find('localhost')).toBe(first);
    const given = await new Promise((resolve) =>
      names.lookup('localhost', {}, (_error, address, family) => resolve({ address, family })),
    );
    expect(given).toEqual(first[0]);
  });

  test('are asked for again where there were none', async () => {
    const names = openNames();
    const first = await names.find('nobody.invalid').catch((error: unknown) => error);
    expect(first).toMatchObject({ code: 'ENOTFOUND' });
    expect(await names.find('nobody.invalid').catch((error: unknown) => error)).not.toBe(first);
  });

  test('an address is its own', async () => {
    expect(await openNames().find('::1')).toEqual([{ address: '::1', family: 6 }]);
  });
});

describe('a process that did not run for a while', () => {
  test('looks at what came meanwhile before it blames anybody', async () => {
    const url = await server((_, response) => setTimeout(() => response.end('here'), 50));
    const http = client();
    const early = http.request(ask(url, { headersMs: 400, answerMs: 400 }));
    await sleep(20);
    stopFor(1500);
    expect(await (await early).text(10)).toBe('here');
  });

  test('blames a host that stays silent', async () => {
    const url = await server(() => undefined);
    const asked = faultOf(client().request(ask(url, { headersMs: 300 })));
    await sleep(20);
    stopFor(500);
    expect((await asked).message).toContain('no answer within 0.3 s');
  });
});
