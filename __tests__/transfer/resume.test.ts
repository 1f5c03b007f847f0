import { cp, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createClient } from '../../src/net/client.js';
import { openDirectoryStore } from '../../src/store/directory.js';
import { openTransfers } from '../../src/transfer/transfers.js';
import type { Transfers } from '../../src/values/transfers.js';
import { deadToken } from '../support/dead.js';
import { brisk, content, openScene, quiet, type Scene, sha256 } from './setup.js';

const SIZE = 3 * 2 ** 20;
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
});

/** A download that was killed half-way: the store as the dead process left it, opened by the next one. */
async function killedHalfWay(
  bytes: Buffer,
  changes: Parameters<typeof openScene>[2] = {},
  tamper: (folder: string) => Promise<unknown> = () => Promise.resolve(),
): Promise<{ scene: Scene; next: Transfers; before: number; sent: () => number }> {
  let answers = 0;
  let stalling = true;
  const fault = () => {
    answers += 1;
    return stalling && answers > 10 ? ({ kind: 'stall', after: 1000 } as const) : null;
  };
  const scene = await openScene(bytes, { a: { fault } }, changes);
  cleanups.push(scene.close);
  const patient = { connectMs: 30_000, headersMs: 30_000, stallMs: 30_000 };
  const running = scene.again({ patient, tickMs: 50 }).get(scene.file);
  const root = await mkdtemp(join(tmpdir(), 'killed-'));
  cleanups.push(() => rm(root, { recursive: true, force: true }));
  const partial = join(scene.store.root, 'partial');
  for (let seen = -1; seen !== (scene.mirrors['a']?.bytes ?? 0) || seen === 0; ) {
    seen = scene.mirrors['a']?.bytes ?? 0;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await cp(partial, join(root, 'partial'), { recursive: true, filter: (path) => !path.endsWith('.tmp') });
  const [key = ''] = await readdir(join(root, 'partial'));
  await writeFile(join(root, 'partial', key, 'lock'), await deadToken());
  await tamper(join(root, 'partial', key));
  running.done.catch(() => undefined);
  stalling = false;
  const client = createClient({
    network: { httpsProxy: null, httpProxy: null, noProxy: [], caFiles: [] },
    version: '0',
    log: quiet,
  });
  const next = openTransfers({
    client,
    store: await openDirectoryStore(root),
    log: quiet,
    signal: new AbortController().signal,
    sources: () => undefined,
    timings: brisk,
  });
  cleanups.push(async () => {
    await next.close();
    await client.close();
  });
  const before = scene.mirrors['a']?.bytes ?? 0;
  return { scene, next, before, sent: () => (scene.mirrors['a']?.bytes ?? 0) - before };
}

describe('after a kill', () => {
  test('the next run fetches what is missing and no more', async () => {
    const bytes = content(SIZE);
    const { scene, next, before, sent } = await killedHalfWay(bytes);
    const stored = await next.get(scene.file).done;
    expect(stored.sha256).toBe(sha256(bytes));
    expect(before).toBeGreaterThan(SIZE / 3);
    expect(before + sent()).toBeLessThan(SIZE * 1.2);
  });

  test('bytes that the disk lost are found by the hash and fetched again, and no source is blamed', async () => {
    const bytes = content(SIZE);
    const { scene, next } = await killedHalfWay(bytes, {}, async (folder) => {
      const handle = await open(join(folder, 'data'), 'r+');
      await handle.write(Buffer.alloc(100), 0, 100, 50_000);
      await handle.close();
    });
    expect((await next.get(scene.file).done).sha256).toBe(sha256(bytes));
    expect(next.faults()).toEqual([]);
  });

  test('a truncated partial file is gone on with as far as it reaches', async () => {
    const bytes = content(SIZE);
    const { scene, next } = await killedHalfWay(bytes, {}, async (folder) => {
      const handle = await open(join(folder, 'data'), 'r+');
      await handle.truncate(300_000);
      await handle.close();
    });
    expect((await next.get(scene.file).done).sha256).toBe(sha256(bytes));
  });

  test('a half-written record means to start over', async () => {
    const bytes = content(SIZE);
    const { scene, next } = await killedHalfWay(bytes, {}, (folder) =>
      writeFile(join(folder, 'notes.jsonl'), '{"version":1,'),
    );
    expect((await next.get(scene.file).done).sha256).toBe(sha256(bytes));
  });

  test('a file without a published hash is gone on with while its source still has the same one', async () => {
    const bytes = content(SIZE);
    const { scene, next, before, sent } = await killedHalfWay(bytes, { sha256: null, hashOrigin: null, size: null });
    expect((await next.get(scene.file).done).sha256).toBe(sha256(bytes));
    expect(before + sent()).toBeLessThan(SIZE * 1.2);
  });

  test.each([
    ['is now named otherwise', (record: string) => record],
    ['had another file then', (record: string) => record.replaceAll(`"size":${SIZE}`, `"size":${SIZE - 5}`)],
  ])('a file without a published hash is fetched anew from a source that %s', async (_name, told) => {
    const bytes = content(SIZE);
    const { scene, next } = await killedHalfWay(
      bytes,
      { sha256: null, hashOrigin: null, size: null },
      async (folder) => {
        const notes = join(folder, 'notes.jsonl');
        await writeFile(notes, told(await readFile(notes, 'utf8')));
      },
    );
    const locations = scene.file.locations.map((location) => ({ ...location, source: 'renamed' }));
    expect((await next.get({ ...scene.file, locations }).done).sha256).toBe(sha256(bytes));
  });

  test('a file without a published hash that is shorter now than what is there of it is fetched anew', async () => {
    const bytes = content(SIZE);
    const { scene, next } = await killedHalfWay(
      bytes,
      { sha256: null, hashOrigin: null, size: null },
      async (folder) => {
        const [record = ''] = (await readFile(join(folder, 'notes.jsonl'), 'utf8')).split('\n');
        const longer = { ...JSON.parse(record), size: 2 * SIZE, pieces: [{ from: 0, to: SIZE + 1000 }] };
        await writeFile(join(folder, 'notes.jsonl'), `${JSON.stringify(longer)}\n`);
        await writeFile(join(folder, 'data'), content(SIZE + 1000));
      },
    );
    const asked = scene.mirrors['a']?.requests.length ?? 0;
    const stored = await next.get(scene.file).done;
    expect(stored.sha256).toBe(sha256(bytes));
    expect(bytes.equals(await readFile(stored.path))).toBe(true);
    const statuses = scene.mirrors['a']?.requests.slice(asked).map(({ status }) => status);
    expect(statuses?.filter((status) => status === 416)).toEqual([416]);
  });

  test('a file without a published hash that has changed since is fetched anew', async () => {
    const bytes = content(SIZE);
    const { scene, next, sent } = await killedHalfWay(
      bytes,
      { sha256: null, hashOrigin: null, size: null },
      async (folder) => {
        const record = await readFile(join(folder, 'notes.jsonl'), 'utf8');
        await writeFile(join(folder, 'notes.jsonl'), record.replace(/"validator":"[^}]*"/g, '"validator":"yesterday"'));
        await writeFile(join(folder, 'data'), content(SIZE));
      },
    );
    expect((await next.get(scene.file).done).sha256).toBe(sha256(bytes));
    expect(sent()).toBeGreaterThanOrEqual(SIZE);
  });
});
