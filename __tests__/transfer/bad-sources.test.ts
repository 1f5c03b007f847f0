import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { Failure } from '../../src/values/failure.js';
import type { MirrorFault, MirrorRequest } from '../support/mirror.js';
import { collect, content, filename, type Scene, sceneOpener, sha256 } from './setup.js';

const LARGE = 3 * 2 ** 20 + 17;
const scene = sceneOpener();
const never = new AbortController().signal;
const bytesOf = (s: Scene, id: string): number => s.transfers.fetched()[id] ?? 0;

describe('with one bad source and one good one, the file is right and', () => {
  const onFiles = (fault: (request: MirrorRequest, count: number) => MirrorFault | null) => {
    let count = 0;
    return (request: MirrorRequest): MirrorFault | null => {
      count += 1;
      return fault(request, count);
    };
  };
  const faults: Record<string, Parameters<typeof onFiles>[0]> = {
    '403': () => ({ kind: 'status', status: 403 }),
    '404': () => ({ kind: 'status', status: 404 }),
    '407': () => ({ kind: 'status', status: 407 }),
    '429 with Retry-After': () => ({ kind: 'status', status: 429, headers: { 'retry-after': '50' } }),
    '500': () => ({ kind: 'status', status: 500 }),
    '503': () => ({ kind: 'status', status: 503 }),
    'a web page': () => ({
      kind: 'status',
      status: 200,
      body: '<html>login</html>',
      headers: { 'content-type': 'text/html' },
    }),
    'a redirect loop': (r) => ({ kind: 'redirect', to: r.path }),
    silence: () => ({ kind: 'silence' }),
    'a stall at once': () => ({ kind: 'stall', after: 0 }),
    'a stall in the middle': () => ({ kind: 'stall', after: 100_000 }),
    'a reset in the middle': () => ({ kind: 'reset', after: 100_000 }),
    truncation: () => ({ kind: 'truncate', after: 100_000 }),
    'a wrong byte': () => ({ kind: 'corrupt', at: 600_000 }),
    'a wrong range': () => ({
      kind: 'status',
      status: 206,
      body: 'x'.repeat(2 ** 18),
      headers: { 'content-range': `bytes 1-${2 ** 18}/${LARGE}` },
    }),
    'another length': () => ({
      kind: 'status',
      status: 206,
      body: 'x'.repeat(2 ** 18),
      headers: { 'content-range': `bytes 0-${2 ** 18 - 1}/99999999` },
    }),
    gzip: () => ({ kind: 'status', status: 200, body: 'x', headers: { 'content-encoding': 'gzip' } }),
  };
  for (const [name, fault] of Object.entries(faults)) {
    test(`${name} is survived`, async () => {
      const bytes = content(LARGE);
      const s = await scene(bytes, { bad: { fault: onFiles(fault) }, good: {} });
      const transfer = s.transfers.get(s.file);
      const stored = await transfer.done;
      expect(sha256(await readFile(stored.path))).toBe(sha256(bytes));
      expect(s.transfers.faults().map((f) => f.source)).toContain('bad');
      expect(s.transfers.faults().map((f) => f.source)).not.toContain('good');
    });
  }

  test('a mirror that has died is survived', async () => {
    const bytes = content(LARGE);
    const s = await scene(bytes, { bad: {}, good: {} });
    await s.mirrors['bad']?.close();
    await s.transfers.get(s.file).done;
    expect(s.transfers.faults().map((f) => [f.source, f.kind])).toContainEqual(['bad', 'refused']);
  });

  test('every byte of one source being wrong is traced to that source', async () => {
    const bytes = content(LARGE);
    const s = await scene(bytes, { bad: { bytes: content(LARGE) }, good: {}, fine: {} });
    const stored = await s.transfers.get(s.file).done;
    expect(sha256(await readFile(stored.path))).toBe(sha256(bytes));
    expect(
      s.transfers
        .faults()
        .filter((f) => f.kind === 'wrong-hash')
        .map((f) => f.source),
    ).toEqual(['bad']);
  });

  test('silence is told as such', async () => {
    const s = await scene(content(LARGE), {
      silent: { fault: () => ({ kind: 'silence' }) },
      good: { bytesPerSecondPerConnection: 500_000 },
    });
    const longer = { connectMs: 30_000, headersMs: 30_000, stallMs: 30_000 };
    const transfers = s.again({ hurried: longer });
    await transfers.get(s.file).done;
    expect(transfers.faults()[0]).toMatchObject({
      source: 'silent',
      detail: expect.stringMatching(/^sent nothing within/),
    });
  });

  test('a trickle is left for the faster source', async () => {
    const bytes = content(LARGE);
    const s = await scene(bytes, { slow: { bytesPerSecondPerConnection: 40_000 }, good: {} });
    await s.transfers.get(s.file).done;
    expect(bytesOf(s, 'slow')).toBeLessThan(LARGE / 4);
  });
});

describe('with one source alone', () => {
  test('a reset after every 100 kB does not start the file over', async () => {
    const bytes = content(LARGE);
    const s = await scene(bytes, { a: { ranges: true, fault: () => ({ kind: 'reset', after: 100_000 }) } });
    expect(bytes.equals(await collect(s.transfers.get(s.file).read(0, never)))).toBe(true);
    expect(bytesOf(s, 'a')).toBeLessThan(LARGE * 1.1);
  });

  test('connections that are refused together count once: the source is asked again when it has recovered', async () => {
    let asked = 0;
    const fault = (): MirrorFault | null => {
      asked += 1;
      return asked <= 12 ? { kind: 'status', status: 503 } : null;
    };
    const s = await scene(content(LARGE), { a: { fault } });
    await s.transfers.get(s.file).done;
    expect(s.transfers.faults()).toHaveLength(12);
  });

  test('a busy one is asked again after the wait it wishes', async () => {
    const bytes = content(1000);
    let asked = 0;
    const fault = (): MirrorFault | null => {
      asked += 1;
      return asked < 3 ? { kind: 'status', status: 429, headers: { 'retry-after': '0' } } : null;
    };
    const s = await scene(bytes, { a: { fault } });
    await s.transfers.get(s.file).done;
    expect(asked).toBe(3);
  });

  test('wrong bytes are refused, the source is named, nothing enters the store, and no reader gets the end', async () => {
    const s = await scene(content(LARGE), { a: { bytes: content(LARGE) } });
    const transfer = s.transfers.get(s.file);
    const got: Uint8Array[] = [];
    const reading = (async () => {
      for await (const piece of transfer.read(0, never)) {
        got.push(Buffer.from(piece));
      }
    })();
    await expect(reading).rejects.toThrow();
    const failure = await transfer.done.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Failure);
    expect(String(failure)).toMatch(/^Failure: a \(http:\/\/127.0.0.1.*could not be had: sent sha256/);
    expect(Buffer.concat(got).length).toBeLessThan(LARGE);
    expect(await s.store.find(s.file.sha256 ?? '', filename)).toBeNull();
  });
});

describe('a file whose expected hash is wrong', () => {
  const mistyped = (s: Scene) => ({
    ...s.file,
    filename: 'mistyped-1.0-py3-none-any.whl',
    sha256: 'ab'.repeat(32),
    hashOrigin: 'lock' as const,
  });

  test.each([
    ['small', 1000],
    ['large', LARGE],
  ])(
    'and that is %s is told as such where independent sources agree on another one, which serve the next file',
    async (_, size) => {
      const bytes = content(size);
      const s = await scene(bytes, { a: {}, b: {}, gone: { fault: () => ({ kind: 'status', status: 404 }) } });
      const failure = (await s.transfers.get(mistyped(s)).done.catch((error: unknown) => error)) as Failure;
      expect(failure.problems.slice(0, 1)).toEqual([
        {
          where: 'mistyped-1.0-py3-none-any.whl',
          what: `a and b agree on sha256 ${sha256(bytes)}: the one expected, sha256 ${'ab'.repeat(32)}, is wrong, or that of another file.`,
          remedy: expect.stringContaining('It is from the lock or the requirements'),
        },
      ]);
      expect(failure.problems.slice(1).map(({ where }) => where.split(' ')[0])).toEqual(['gone']);
      expect((await s.transfers.get(s.file).done).sha256).toBe(sha256(bytes));
    },
  );

  test('is still brought by the one source that has it, and the others are left for the run', async () => {
    const [bytes, other] = [content(1000), content(1000)];
    const s = await scene(bytes, { a: { bytes: other }, b: { bytes: other }, right: {} });
    await s.transfers.get(s.file).done;
    const asked = s.mirrors['a']?.requests.length;
    const next = { ...s.file, filename: 'next-1.0-py3-none-any.whl', sha256: sha256(other) };
    await expect(s.transfers.get(next).done).rejects.toThrow('given up earlier');
    expect(s.mirrors['a']?.requests.length).toBe(asked);
  });
});

describe('when every source fails', () => {
  test('one failure names each of them and why', async () => {
    const s = await scene(content(LARGE), {
      a: { fault: () => ({ kind: 'status', status: 404 }) },
      b: { fault: () => ({ kind: 'status', status: 403 }) },
    });
    const failure = (await s.transfers.get(s.file).done.catch((error: unknown) => error)) as Failure;
    expect(failure.exitCode).toBe(1);
    expect(failure.problems.map((p) => p.what)).toEqual([
      `${filename} could not be had: answered 404.`,
      `${filename} could not be had: answered 403.`,
    ]);
  });

  test('the address is told once', async () => {
    const s = await scene(content(LARGE), { a: {} });
    const [place] = s.file.locations;
    await s.mirrors['a']?.close();
    const failure = (await s.transfers.get(s.file).done.catch((error: unknown) => error)) as Failure;
    expect(failure.problems).toEqual([
      expect.objectContaining({
        where: `a (${place?.url})`,
        what: `${filename} could not be had: the connection was refused (ECONNREFUSED).`,
      }),
    ]);
  });
});
