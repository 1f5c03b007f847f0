import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createClient } from '../../src/net/client.js';
import { type Probe, probe } from '../../src/sources/probe.js';
import { applyRanking, expectedMs, rankSources, readRanking } from '../../src/sources/ranking.js';
import type { HttpClient } from '../../src/values/http.js';
import type { Source } from '../../src/values/source.js';
import { keptLog } from '../support/log.js';
import { type MirrorOptions, startMirror } from '../support/mirror.js';

let client: HttpClient;
const open: { close(): Promise<unknown> }[] = [];
beforeEach(() => {
  client = createClient({
    network: { httpsProxy: null, httpProxy: null, noProxy: [], caFiles: [] },
    version: '1',
    log: keptLog(),
  });
  open.push(client);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

const source = (id: string, url = `https://${id}.example/simple/`): Source => ({
  id,
  kind: 'python',
  url,
  credentials: null,
  connections: 4,
  group: id,
  origin: 'test',
});
const small = 'six-1.0-py3-none-any.whl';
const large = 'six-2.0-py3-none-any.whl';
const wheel = (size: number) => Buffer.concat([Buffer.from('PK'), Buffer.alloc(size, 1)]);

async function look(options: Partial<MirrorOptions> = {}, wanted: string | null = null) {
  const made = await startMirror({ files: { six: { [small]: wheel(1000), [large]: wheel(3_000_000) } }, ...options });
  open.push(made);
  const seen = await probe(client, {
    source: source('one', made.index),
    project: 'six',
    folder: null,
    wanted,
    firstAnswerMs: 3000,
    signal: AbortSignal.timeout(20_000),
  });
  return { seen, made };
}

describe('a probe', () => {
  test('takes the page and at most 1 MiB of the largest wheel', async () => {
    const { seen, made } = await look();
    expect(seen).toMatchObject({ fault: null, ms: expect.any(Number), bytesPerSecond: expect.any(Number) });
    expect(made.requests.map(({ path, headers }) => [path, headers.range])).toEqual([
      ['/simple/six/', undefined],
      [`/files/six/${large}`, 'bytes=0-1048575'],
    ]);
    expect(made.bytes).toBe(1_048_576);
  });

  test('takes the wanted file where one is wanted, and tells a source that lacks it', async () => {
    expect((await look({}, small)).made.requests[1]?.path).toBe(`/files/six/${small}`);
    expect((await look({}, 'six-3.0-py3-none-any.whl')).seen.fault).toMatchObject({
      kind: 'stale',
      detail: 'does not list six-3.0-py3-none-any.whl',
    });
  });

  test('stops early at a source that ignores ranges', async () => {
    const { seen, made } = await look({ files: { six: { [large]: wheel(20_000_000) } }, ranges: false });
    expect(seen.fault).toBeNull();
    expect(made.bytes).toBeLessThan(15_000_000);
  });

  const onFile = (status: number, type: string, body: string): Partial<MirrorOptions> => ({
    fault: ({ path }) =>
      path.startsWith('/files/') ? { kind: 'status', status, body, headers: { 'content-type': type } } : null,
  });
  test.each([
    ['a web page for a file', onFile(200, 'text/html', '<html>'), 'html'],
    ['a ban page for a file', onFile(403, 'text/html', '<html>'), 'banned'],
    ['a page that calls itself a file', onFile(200, 'application/octet-stream', '<html>'), 'html'],
    ['a file that is gone', onFile(404, 'text/plain', ''), 'stale'],
    ['a server error', onFile(502, 'text/plain', ''), 'status'],
    ['a range without a place', onFile(206, 'application/zip', 'PK'), 'malformed'],
  ])('tells %s', async (_, options, kind) => {
    expect((await look(options)).seen.fault).toMatchObject({ kind });
  });
});

describe('a ranking', () => {
  const seen = (id: string, ms: number | null, bytesPerSecond: number | null, host = id): Probe => ({
    source: source(id),
    ms,
    bytesPerSecond,
    host,
    fault: ms === null ? { source: id, url: '', kind: 'timeout', detail: '', remedy: null } : null,
  });
  const order = (probes: readonly Probe[], unprobed: readonly string[] = []) =>
    rankSources([...probes.map((one) => one.source), ...unprobed.map((id) => source(id))], probes).map(({ id }) => id);

  test('prefers what brings a large wheel sooner, not what answers sooner', () => {
    expect(order([seen('near', 20, 200_000), seen('wide', 400, 20_000_000)])).toEqual(['wide', 'near']);
  });

  test('puts a second name of one host behind the others, the unprobed behind those, and failed ones last', () => {
    expect(
      order(
        [
          seen('dead', null, null),
          seen('ustc', 100, 9e6, 'tuna.example'),
          seen('tuna', 50, 9e6, 'tuna.example'),
          seen('slow', 900, 1e5),
        ],
        ['later'],
      ),
    ).toEqual(['tuna', 'slow', 'ustc', 'later', 'dead']);
  });

  test('keeps every source exactly once and never puts a failed one before a good one', () => {
    const any = fc.uniqueArray(
      fc.record({
        id: fc.stringMatching(/^[a-z]{1,4}$/),
        ms: fc.option(fc.nat(5000)),
        speed: fc.option(fc.integer({ min: 1, max: 1e8 })),
      }),
      { selector: ({ id }) => id },
    );
    fc.assert(
      fc.property(any, (many) => {
        const probes = many.map(({ id, ms, speed }) => seen(id, ms, speed));
        const ranked = rankSources(
          probes.map((one) => one.source),
          probes,
        );
        expect(ranked.map(({ id }) => id).sort()).toEqual(many.map(({ id }) => id).sort());
        const times = ranked.map((one) =>
          Number.isFinite(expectedMs(probes.find((each) => each.source === one) ?? seen('', null, null))),
        );
        expect(times.lastIndexOf(true)).toBeLessThan(times.includes(false) ? times.indexOf(false) : times.length);
      }),
    );
  });

  const now = Date.parse('2026-11-22T12:00:00Z');
  const kept = {
    schema: 1,
    measured: '2026-11-22T02:00:00Z',
    wide: true,
    order: [{ id: 'b', url: 'https://b.example/simple/' }],
  };

  test('that was kept is used for a day, as long as its best source takes part', () => {
    const both = [source('a'), source('b')];
    const ranking = readRanking(kept, both, now);
    expect(ranking && applyRanking(both, ranking).map(({ id }) => id)).toEqual(['b', 'a']);
    expect(readRanking(kept, both, now + 24 * 3600 * 1000)).toBeNull();
    expect(readRanking(kept, both, now - 24 * 3600 * 1000)).toBeNull();
    expect(readRanking(kept, [source('a'), source('b', 'https://elsewhere.example/')], now)).toBeNull();
  });

  test.each([
    undefined,
    null,
    3,
    'text',
    [],
    {},
    { ...kept, schema: 2 },
    { ...kept, order: [] },
    { ...kept, order: 'b' },
    { ...kept, measured: 'once' },
  ])('that is none is no ranking: %j', (other) => {
    expect(readRanking(other, [source('b')], now)).toBeNull();
  });
});
