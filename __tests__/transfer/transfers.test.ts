import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import type { MirrorFault, MirrorRequest } from '../support/mirror.js';
import { type Behaviour, collect, content, type Scene, sceneOpener, sha256 } from './setup.js';

const LARGE = 3 * 2 ** 20 + 17;
const scene = sceneOpener();
const never = new AbortController().signal;
const bytesOf = (s: Scene, id: string): number => s.transfers.fetched()[id] ?? 0;

describe('a file on its way', () => {
  test('arrives in the store with its hash, by ranges over several connections', async () => {
    const bytes = content(LARGE);
    const s = await scene(bytes, { a: {} });
    const stored = await s.transfers.get(s.file).done;
    expect(bytes.equals(await readFile(stored.path))).toBe(true);
    expect(stored).toMatchObject({ sha256: sha256(bytes), size: LARGE });
    expect(new Set(s.mirrors['a']?.requests.map((r) => r.port)).size).toBeGreaterThanOrEqual(4);
    expect(bytesOf(s, 'a')).toBeLessThan(LARGE * 1.1);
  });

  test('may have the longest name that a file can have', async () => {
    const s = await scene(content(1000), { a: {} });
    const longest = `${'x'.repeat(255 - '-1.0-py3-none-any.whl'.length)}-1.0-py3-none-any.whl`;
    const stored = await s.transfers.get({ ...s.file, filename: longest }).done;
    expect(stored.path.endsWith(`/${longest}`)).toBe(true);
  });

  test('is served in order, from any position, while it arrives', async () => {
    const bytes = content(LARGE);
    const s = await scene(bytes, { a: { bytesPerSecondPerConnection: 3_000_000 } });
    const transfer = s.transfers.get(s.file);
    const [all, rest] = await Promise.all([collect(transfer.read(0, never)), collect(transfer.read(1_000_001, never))]);
    expect(all.equals(bytes)).toBe(true);
    expect(rest.equals(bytes.subarray(1_000_001))).toBe(true);
  });

  test('is transferred once, however many ask', async () => {
    const bytes = content(LARGE);
    const s = await scene(bytes, { a: {} });
    const all = await Promise.all([1, 2, 3].map(() => collect(s.transfers.get(s.file).read(0, never))));
    expect(all.every((b) => b.equals(bytes))).toBe(true);
    await s.transfers.get(s.file).done;
    expect(bytesOf(s, 'a')).toBeLessThan(LARGE * 1.1);
  });

  test('comes from the store the next time, with every mirror gone', async () => {
    const bytes = content(LARGE);
    const s = await scene(bytes, { a: {} });
    await s.transfers.get(s.file).done;
    await s.mirrors['a']?.close();
    expect(bytes.subarray(5).equals(await collect(s.again().get(s.file).read(5, never)))).toBe(true);
  });

  test('comes with one request when it is small', async () => {
    const bytes = content(1000);
    const s = await scene(bytes, { a: {}, b: {} });
    await s.transfers.get(s.file).done;
    expect(s.mirrors['a']?.requests).toHaveLength(1);
    expect(s.mirrors['b']?.requests).toHaveLength(0);
  });

  test('comes from several sources at once', async () => {
    const bytes = content(LARGE);
    const s = await scene(bytes, {
      a: { bytesPerSecondPerConnection: 500_000 },
      b: { bytesPerSecondPerConnection: 500_000 },
    });
    expect(bytes.equals(await collect(s.transfers.get(s.file).read(0, never)))).toBe(true);
    expect(bytesOf(s, 'a')).toBeGreaterThan(0);
    expect(bytesOf(s, 'b')).toBeGreaterThan(0);
  });

  test('comes as one stream from a mirror that ignores ranges', async () => {
    const bytes = content(LARGE);
    const s = await scene(bytes, { a: { ranges: false } });
    expect(bytes.equals(await collect(s.transfers.get(s.file).read(0, never)))).toBe(true);
  });

  test('of unknown size and hash comes whole, and its hash is told', async () => {
    const bytes = content(LARGE);
    const s = await scene(bytes, { a: {} }, { size: null, sha256: null, hashOrigin: null });
    const transfer = s.transfers.get(s.file);
    expect(await transfer.size()).toBe(LARGE);
    expect((await transfer.done).sha256).toBe(sha256(bytes));
    const requests = s.mirrors['a']?.requests.length;
    await s.transfers.get(s.file).done;
    expect(s.mirrors['a']?.requests.length).toBe(requests);
  });

  test('whose length a mirror does not tell with a range comes as one stream', async () => {
    const body = content(LARGE)
      .toString('latin1')
      .replace(/[^a-z]/g, 'x');
    const bytes = Buffer.from(body);
    const fault = (r: MirrorRequest): MirrorFault =>
      r.headers.range === undefined
        ? { kind: 'status', status: 200, body }
        : {
            kind: 'status',
            status: 206,
            body: body.slice(0, 2 ** 18),
            headers: { 'content-range': `bytes 0-${2 ** 18 - 1}/*` },
          };
    const s = await scene(bytes, { a: { fault } }, { size: null });
    expect((await s.transfers.get(s.file).done).size).toBe(bytes.length);
  });

  test('never takes more connections to a host than its source allows', async () => {
    const s = await scene(content(LARGE), { a: { bytesPerSecondPerConnection: 2_000_000 } }, {}, 2);
    // Without splitting no connection is cut off: each one is a port of its own.
    await s.again({ splitBytes: 2 ** 30 }).get(s.file).done;
    expect(new Set(s.mirrors['a']?.requests.map((r) => r.port)).size).toBe(2);
  });
});

describe('mirrors that are really one', () => {
  test.each([
    ['have the limit of one', 'campus', 2],
    ['and each of its own group have one each', undefined, 4],
  ])('%s', async (_, group, most) => {
    let peak = 0;
    const open = (): number =>
      Object.values(s.mirrors)
        .flatMap(({ requests }) => requests)
        .filter(({ headers, bytes }) => {
          const [from = 0, to = 0] = (headers.range ?? '').split(/\D+/).slice(1).map(Number);
          return bytes < to + 1 - from;
        }).length;
    const fault = (): null => {
      peak = Math.max(peak, open());
      return null;
    };
    const behaviour: Behaviour = { bytesPerSecondPerConnection: 1_000_000, fault, ...(group && { group }) };
    const s = await scene(content(LARGE), { a: behaviour, b: behaviour }, {}, 2);
    // Without splitting no connection is cut off: what was not sent to its end is open.
    await s.again({ splitBytes: 2 ** 30, slowMs: 30_000 }).get(s.file).done;
    expect(peak).toBe(most);
  });
});

describe('files that the disk has room for one by one, and not together,', () => {
  test.each([
    ['told by their pages', LARGE],
    ['told by the first answer', null],
  ])('are refused before the disk is full, their size %s', async (_, size) => {
    const s = await scene(content(LARGE), { a: { bytesPerSecondPerConnection: 1_000_000 } }, { size });
    const transfers = s.again({}, { ...s.store, free: () => Promise.resolve(1.5 * LARGE) });
    const other = { ...s.file, filename: 'other-1.0-py3-none-any.whl' };
    const ended = await Promise.allSettled([s.file, other].map((file) => transfers.get(file).done));
    const failed = ended.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
    expect(failed.length).toBeGreaterThan(0);
    expect(failed[0]).toMatch(/The disk is full: [56]\.\d MiB are needed, 4\.5 MiB are free/);
  });
});

describe('a small file beside a large one', () => {
  test('gets a connection before the large one is there', async () => {
    const bytes = content(LARGE);
    const s = await scene(bytes, { a: { bytesPerSecondPerConnection: 600_000 } }, {}, 2);
    let largeDone = false;
    const large = s.transfers.get(s.file);
    large.done.then(() => {
      largeDone = true;
    }, console.error);
    const other = { ...s.file, sha256: null, size: 5, filename: 'other-1.0-py3-none-any.whl' };
    await expect(s.transfers.slice(other, 0, 100, never)).rejects.toThrow();
    expect((await s.transfers.slice(s.file, LARGE - 10, LARGE, never)).bytes).toEqual(bytes.subarray(-10));
    expect(largeDone).toBe(false);
    await large.done;
  });
});
