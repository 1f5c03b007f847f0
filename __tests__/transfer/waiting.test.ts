import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createClient } from '../../src/net/client.js';
import { openTransfers } from '../../src/transfer/transfers.js';
import type { Store } from '../../src/values/store.js';
import type { Transfers } from '../../src/values/transfers.js';
import { deadToken } from '../support/dead.js';
import { keptLog } from '../support/log.js';
import { brisk, content, openScene, quiet, type Scene, sha256 } from './setup.js';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
});

const bytes = content(2 ** 20);

async function scene(...[behaviours]: [Parameters<typeof openScene>[1]]): Promise<Scene> {
  const opened = await openScene(bytes, behaviours);
  cleanups.push(opened.close);
  return opened;
}

/** Transfers of somebody else on the same store: the place of the unfinished file is held by another. */
function neighbour(s: Scene, foreignMs: number, store: Store = s.store): { transfers: Transfers; said: () => string } {
  const log = keptLog();
  const client = createClient({
    network: { httpsProxy: null, httpProxy: null, noProxy: [], caFiles: [] },
    version: '0',
    log: quiet,
  });
  const transfers = openTransfers({
    client,
    store,
    sources: () => undefined,
    log,
    signal: new AbortController().signal,
    timings: { ...brisk, foreignMs },
  });
  cleanups.push(async () => {
    await transfers.close();
    await client.close();
  });
  return { transfers, said: () => log.lines.join('\n') };
}

describe('a file that another process is downloading', () => {
  test('is not fetched again where it arrives between the look for it and the claim of its place', async () => {
    const s = await scene({ a: {} });
    const late: Store = {
      ...s.store,
      partial: async (key) => {
        await s.transfers.get(s.file).done;
        return s.store.partial(key);
      },
    };
    const { transfers } = neighbour(s, 60_000, late);
    expect((await transfers.get(s.file).done).path).toBe((await s.transfers.get(s.file).done).path);
    expect(transfers.fetched()).toEqual({});
  });

  test('is waited for, which is said once, and comes over the network once', async () => {
    const s = await scene({ a: { bytesPerSecondPerConnection: 400_000 } });
    const first = s.transfers.get(s.file);
    await first.size();
    const { transfers, said } = neighbour(s, 60_000);
    const second = transfers.get(s.file);
    expect((await second.done).path).toBe((await first.done).path);
    expect(said().split('another process is downloading it')).toHaveLength(2);
    expect(transfers.fetched()).toEqual({});
    expect(transfers.arrived().size).toBe(0);
  });

  test("is still that process's while it goes into the store, however long the disk takes", async () => {
    const s = await scene({ a: {} });
    const place = `${s.file.sha256}-${s.file.filename}`;
    const taken: unknown[] = [];
    const admit: Store['admit'] = async (...args) => {
      await utimes(join(s.store.root, 'partial', place, 'lock'), 0, 0);
      await sleep(1000);
      taken.push(await s.store.partial(place));
      return s.store.admit(...args);
    };
    await s.again({ tickMs: 50 }, { ...s.store, admit }).get(s.file).done;
    expect(taken).toEqual([null]);
  });

  test('is taken from the store by the one that slept while another took it for dead and brought it', async () => {
    const s = await scene({ a: {} });
    const admit: Store['admit'] = async (...args) => {
      const lock = join(s.store.root, 'partial', `${s.file.sha256}-${s.file.filename}`, 'lock');
      await writeFile(lock, await deadToken());
      await s.transfers.get(s.file).done;
      return s.store.admit(...args);
    };
    const slept = s.again({}, { ...s.store, admit }).get(s.file);
    expect(await slept.done).toEqual(await s.store.find(sha256(bytes), s.file.filename));
  });

  test('is waited for past the limit while the other one gets on with it', async () => {
    const s = await scene({ a: { bytesPerSecondPerConnection: 200_000 } });
    const first = s.again({ connectionsPerFile: 1 }).get(s.file);
    await first.size();
    const { transfers } = neighbour(s, 2500);
    await Promise.all([first.done, transfers.get(s.file).done]);
    expect(transfers.fetched()).toEqual({});
  }, 20_000);

  test('is fetched all the same when the other one takes too long', async () => {
    let answers = 0;
    const s = await scene({
      a: {
        fault: () => {
          answers += 1;
          return answers <= 4 ? { kind: 'stall', after: 1000 } : null;
        },
      },
    });
    const patient = { connectMs: 60_000, headersMs: 60_000, stallMs: 60_000 };
    const first = s.again({ patient, hurried: patient }).get(s.file);
    first.done.catch(() => undefined);
    await first.size();
    const { transfers } = neighbour(s, 300);
    expect((await transfers.get(s.file).done).sha256).toBe(sha256(bytes));
  });
});

test('the only mirror is asked again after its first connections brought nothing for a while', async () => {
  let silent = 4;
  const s = await scene({
    mirror: {
      fault: ({ path }) => {
        silent -= path.endsWith('.whl') ? 1 : 0;
        return silent >= 0 && path.endsWith('.whl') ? { kind: 'silence' } : null;
      },
    },
  });
  expect((await s.transfers.get(s.file).done).sha256).toBe(sha256(bytes));
  expect(s.transfers.faults().map(({ kind }) => kind)).toContain('timeout');
}, 20_000);
