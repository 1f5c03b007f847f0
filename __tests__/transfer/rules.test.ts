import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readRetryAfter } from '../../src/net/retry-after.js';
import { readContentRange } from '../../src/transfer/ask.js';
import { blame } from '../../src/transfer/blame.js';
import { readRecord } from '../../src/transfer/record.js';
import { judge } from '../../src/transfer/refusal.js';
import type { FileRoute } from '../../src/transfer/routes.js';
import { createSegments, type Segment, type Segments } from '../../src/transfer/segments.js';
import type { FaultKind } from '../../src/values/source.js';

describe('the book of a file', () => {
  /** Plays connections that come, bring some bytes, and break or finish, as the dice say. */
  function play(segments: Segments, size: number, dice: readonly number[]): void {
    const busy: Segment[] = [];
    for (const die of dice) {
      const segment = die % 3 === 0 ? (segments.take(1 + (die % 20)) ?? segments.split(3)) : null;
      if (segment !== null) {
        busy.push(segment);
      }
      const running = busy[die % Math.max(1, busy.length)];
      if (running !== undefined) {
        segments.advance(running, `s${die % 2}`, Math.min(running.end, running.reached + 1 + (die % 7)));
        if (running.reached >= running.end || die % 11 === 0) {
          running.busy = false;
          busy.splice(busy.indexOf(running), 1);
        }
      }
    }
    for (const segment of busy) {
      segment.busy = false;
    }
    expect(segments.size()).toBe(size);
  }
  const covered = (segments: Segments): number => segments.pieces().reduce((sum, p) => sum + p.to - p.from, 0);

  const dice = fc.array(fc.nat(1000), { maxLength: 200 });
  const sizes = fc.integer({ min: 1, max: 300 });

  test('counts every byte once: what is there and what is missing make the file, and the front is there', () => {
    fc.assert(
      fc.property(sizes, dice, (size, rolls) => {
        const segments = createSegments(size, 16, 32);
        play(segments, size, rolls);
        expect(covered(segments) + segments.missing()).toBe(size);
        const sorted = [...segments.pieces()].sort((a, b) => a.from - b.from);
        expect(sorted.every((p, i) => p.from >= (sorted[i - 1]?.to ?? 0))).toBe(true);
        const front = sorted.reduce((reached, p) => (p.from === reached ? p.to : reached), 0);
        expect(segments.front()).toBe(front);
      }),
    );
  });

  test('can be written down and read again without losing a byte', () => {
    fc.assert(
      fc.property(sizes, dice, (size, rolls) => {
        const segments = createSegments(size, 16, 32);
        play(segments, size, rolls);
        expect(createSegments(size, 16, 32, segments.pieces()).missing()).toBe(segments.missing());
      }),
    );
  });

  test('takes back exactly what a source brought, to be compared when it comes again', () => {
    fc.assert(
      fc.property(sizes, dice, (size, rolls) => {
        const segments = createSegments(size, 16, 32);
        play(segments, size, rolls);
        const theirs = segments.pieces().filter((p) => p.source === 's1');
        const missing = segments.missing();
        segments.recall('s1');
        expect(segments.sources()).not.toContain('s1');
        expect(segments.missing()).toBe(missing + theirs.reduce((sum, p) => sum + p.to - p.from, 0));
        for (const piece of theirs) {
          expect(segments.at(piece.from)?.compareTo).toBeGreaterThan(piece.from);
        }
      }),
    );
  });

  test('can always be finished', () => {
    fc.assert(
      fc.property(sizes, dice, (size, rolls) => {
        const segments = createSegments(size, 16, 32);
        play(segments, size, rolls);
        for (let segment = segments.take(5); segment !== null; segment = segments.take(5)) {
          segments.advance(segment, 'last', segment.end);
          segment.busy = false;
        }
        expect([segments.missing(), segments.front()]).toEqual([0, size]);
      }),
    );
  });

  test('hands out as little as is wished, the rest to the next one; a small rest goes with it, and a small file comes whole', () => {
    const segments = createSegments(38, 16, 32);
    const taken = [10, 10, 8, 8, 8].map((most) => segments.take(most));
    expect(taken.map((segment) => segment && [segment.start, segment.end])).toEqual([
      [0, 10],
      [10, 16],
      [16, 24],
      [24, 32],
      [32, 38],
    ]);
    expect(segments.take(8)).toBeNull();
    expect(createSegments(31, 16, 32).take(4)?.end).toBe(31);
    expect(createSegments(40, 16, 32).take(12)?.end).toBe(16);
  });

  test('of unknown length is one segment until the length is told', () => {
    const segments = createSegments(null, 16, 32);
    const first = segments.take(5);
    expect([segments.take(5), segments.missing()]).toEqual([null, Number.POSITIVE_INFINITY]);
    segments.setSize(100);
    expect(first?.end).toBe(16);
    expect(segments.take(16)?.start).toBe(16);
    expect(segments.missing()).toBe(100);
  });
});

describe('what is made of a refusal', () => {
  const refusal = (kind: FaultKind, retryAfterMs: number | null = null) => ({
    kind,
    detail: '',
    remedy: null,
    retryAfterMs,
  });

  test.each(['missing', 'stale', 'empty', 'html', 'malformed', 'redirect', 'banned'] as const)(
    '%s: the source is left for this file',
    (kind) => {
      expect(judge(refusal(kind), 1, 'last', 0)).toEqual({ leave: 'file' });
    },
  );

  test.each(['wrong-hash', 'tls'] as const)('%s: the source is left for the run', (kind) => {
    expect(judge(refusal(kind), 1, 'last', 0)).toEqual({ leave: 'run' });
  });

  test('a reset after bytes came: it is asked for the rest at once', () => {
    expect(judge(refusal('reset'), 0, 'last', 0.9)).toMatchObject({ leave: null, waitMs: 0 });
  });

  test('waits grow, are spread, and end: the last source gets more tries than one of several', () => {
    expect(judge(refusal('status'), 1, 'last', 0.5)).toMatchObject({ waitMs: 400 });
    expect(judge(refusal('status'), 3, 'last', 0.5)).toMatchObject({ waitMs: 1600 });
    expect(judge(refusal('status'), 3, 'last', 0)).toMatchObject({ waitMs: 800 });
    expect(judge(refusal('status'), 4, 'beside', 0)).toEqual({ leave: 'file' });
    expect(judge(refusal('status'), 6, 'last', 0)).toEqual({ leave: 'file' });
    expect(judge(refusal('status'), 7, 'first', 0)).toMatchObject({ leave: null });
    expect(judge(refusal('timeout'), 4, 'first', 0)).toEqual({ leave: 'file' });
  });

  test('Retry-After is obeyed within a minute; a host that asks for more is left', () => {
    expect(judge(refusal('banned', 5000), 1, 'last', 0)).toEqual({ leave: null, waitMs: 5000, scope: 'host' });
    expect(judge(refusal('banned', 61_000), 1, 'last', 0)).toEqual({ leave: 'file' });
  });

  test('Retry-After is read in seconds and as a date', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    expect(readRetryAfter('7', now)).toBe(7000);
    expect(readRetryAfter('Thu, 01 Jan 2026 00:00:09 GMT', now)).toBe(9000);
    expect(readRetryAfter('Wed, 31 Dec 2025 00:00:00 GMT', now)).toBe(0);
    expect(readRetryAfter('soon', now)).toBeNull();
    expect(readRetryAfter(undefined, now)).toBeNull();
  });
});

describe('a Content-Range', () => {
  test('is taken when it begins where it was asked to', () => {
    expect(readContentRange('bytes 5-9/100', 5, 10)).toEqual({ at: 5, total: 100 });
    expect(readContentRange('bytes 5-9/*', 5, null)).toEqual({ at: 5, total: null });
  });

  test.each([undefined, '', 'bytes */100', 'bytes 6-10/100', 'bytes 4-9/100', 'bytes 5-10/100', 'items 5-9/100'])(
    '%s is a lie',
    (value) => {
      expect(() => readContentRange(value, 5, 10)).toThrow();
    },
  );
});

describe('whose bytes are doubted', () => {
  const alive = (source: string, changes: Partial<FileRoute> = {}): FileRoute => ({
    location: { source, url: `http://${source}.example/f`, sha256: null, size: null },
    lane: {
      host: source,
      group: source,
      limit: 4,
      first: false,
      active: 0,
      notBefore: 0,
      left: false,
      rate: null,
      behind: 1,
    },
    strikes: 0,
    struckAt: 0,
    failingSince: 0,
    notBefore: 0,
    left: false,
    suspected: false,
    rangeless: false,
    changes: 0,
    otherSize: false,
    mine: 0,
    refusal: null,
    ...changes,
  });

  test('those of an earlier run first, then those of the least wished for source', () => {
    const routes = [alive('a'), alive('b')];
    expect(blame(['a', '(kept)'], routes)).toEqual({ recall: '(kept)', proven: false });
    expect(blame(['a', 'b'], routes)).toEqual({ recall: 'b', proven: false });
  });

  test('a source that brought the whole is proven wrong', () => {
    expect(blame(['a'], [alive('a')])).toEqual({ recall: 'a', proven: true });
  });

  test('nobody, when nobody could replace the bytes', () => {
    expect(blame(['a', 'b'], [alive('a', { left: true }), alive('b', { left: true })])).toEqual({ recall: null });
    expect(blame(['a', 'b'], [alive('a', { left: true }), alive('b')])).toEqual({ recall: 'a', proven: false });
  });
});

test('a record of any form is read without an error, and never reaches past what is on the disk', () => {
  fc.assert(
    fc.property(fc.array(fc.anything()), fc.nat(100), (notes, onDisk) => {
      expect(readRecord(notes, null, onDisk, 0)?.pieces.every((p) => p.to <= onDisk) ?? true).toBe(true);
    }),
  );
  const record = {
    version: 1,
    size: 10,
    sha256: 'x',
    identity: null,
    pieces: [{ source: 'a', from: 0, to: 10 }, { from: -1 }, null],
  };
  expect(readRecord([record], 'x', 7, 0)?.pieces).toEqual([{ source: '(kept)', from: 0, to: 7 }]);
  expect(readRecord([record], 'y', 7, 0)).toBeNull();
  expect(readRecord([{ ...record, sha256: null }], null, 7, 0)).toBeNull();
  const unhashed = { ...record, sha256: null, identity: { source: 'a', validator: 'v' }, bootedMs: 1000 };
  expect(readRecord([unhashed], null, 7, 1500)?.pieces).toEqual([{ source: 'a', from: 0, to: 7 }]);
  // The machine was started again: what was not flushed may be lost, and no hash would tell.
  expect(readRecord([unhashed], null, 7, 90_000)).toBeNull();
  // Nothing tells whether the source still has the same copy: bytes of two would become one file, whose hash is then believed.
  const untold = { ...unhashed, identity: { source: 'a', validator: '' } };
  expect(readRecord([untold], null, 7, 1500)).toBeNull();
  expect(readRecord([{ ...untold, sha256: 'x' }], 'x', 7, 1500)?.pieces).toHaveLength(1);
});

test('writes that were noted after a record are added to it, and those before it are forgotten', () => {
  const record = { version: 1, size: 10, sha256: 'x', identity: null, pieces: [{ source: 'a', from: 0, to: 2 }] };
  const there = (notes: readonly unknown[]): number[][] =>
    (readRecord(notes, 'x', 10, 0)?.pieces ?? []).map(({ from, to }) => [from, to]);
  expect(there([[8, 10], record, [2, 4], [6, 7]])).toEqual([
    [0, 2],
    [2, 4],
    [6, 7],
  ]);
  // Bytes were taken back: only what is noted since then is there.
  expect(there([record, [2, 4], { ...record, pieces: [] }, [5, 6]])).toEqual([[5, 6]]);
  expect(there([[2, 4]])).toEqual([]);
});
