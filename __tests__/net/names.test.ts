import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { openNames } from '../../src/net/names.js';
import { inDiskTurn } from '../../src/process/disk-turns.js';
import { threads } from '../../src/values/threads.js';
import { slowFiles, stopFor } from '../support/busy.js';
import { ask, client, faultOf, open, server } from './house.js';

/** Holds so many threads until they are let go, or to the end of the test. */
function hold(count: number): { letGo(): void } {
  const files = slowFiles(count);
  const opened = Array.from({ length: count }, (_, index) => files.open(index));
  let held = true;
  const letGo = () => {
    if (held) files.letGo();
    held = false;
  };
  open.push({
    async close() {
      letGo();
      for (const handle of await Promise.all(opened)) await handle.close();
      files.remove();
    },
  });
  return { letGo };
}

const byName = async () => (await server((_, response) => response.end('here'))).replace('127.0.0.1', 'localhost');

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

describe('while all threads wait for the disk', () => {
  test('a host is not blamed for a name that could not be looked up', async () => {
    const [url, http] = [await byName(), client()];
    (await http.request(ask(url.replace('localhost', '127.0.0.1')))).cancel();
    const { letGo } = hold(threads);
    const answer = http.request(ask(url, { connectMs: 800, answerMs: 800 }));
    await sleep(2000);
    letGo();
    expect(await (await answer).text(10)).toBe('here');
  });

  test('a host that is known is asked', async () => {
    const [url, http] = [await byName(), client()];
    (await http.request(ask(url))).cancel();
    hold(threads);
    expect((await http.request(ask(url, { connectMs: 2000 }))).status).toBe(200);
  });
});

test('files that take turns leave a thread for names', async () => {
  const files = slowFiles(10);
  const works = Array.from({ length: 10 }, (_, index) =>
    inDiskTurn(index < 5 ? 'flush' : 'bytes', () => files.open(index).then((handle) => handle.close())),
  );
  const found = await Promise.race([openNames().find('localhost'), sleep(5000, null)]);
  files.letGo();
  await Promise.all(works);
  files.remove();
  expect(found).not.toBeNull();
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
