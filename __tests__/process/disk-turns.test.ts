import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { openNames } from '../../src/net/names.js';
import { inDiskTurn } from '../../src/process/disk-turns.js';
import { threads } from '../../src/values/threads.js';
import { ask, client, open, server } from '../net/house.js';
import { slowFiles } from '../support/busy.js';

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
