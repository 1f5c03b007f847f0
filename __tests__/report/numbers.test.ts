import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { timeBar } from '../../src/report/bars.js';
import { createProgressText, formatBytes, formatDuration } from '../../src/report/progress.js';

describe('bytes', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.0 kB'],
    [99_960, '100 kB'],
    [999_960, '1.0 MB'],
    [217_000_000, '217 MB'],
    [3_300_000_000_000, '3300 GB'],
  ])('%d are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  test('never show more than four characters before the unit, up to a terabyte', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 9.9e11, noNaN: true }), (bytes) =>
        /^\d{1,3}(\.\d)? (B|kB|MB|GB)$/.test(formatBytes(bytes)),
      ),
    );
  });
});

describe('durations', () => {
  test.each([
    [4, '0.00 s'],
    [420, '0.42 s'],
    [999, '1.0 s'],
    [9_960, '10 s'],
    [65_000, '65 s'],
    [119_700, '2 min 0 s'],
    [179_700, '3 min 0 s'],
    [725_000, '12 min 5 s'],
  ])('%d ms are %s', (ms, text) => expect(formatDuration(ms)).toBe(text));
});

describe('a bar of time', () => {
  test('shows when in the whole a step ran', () => {
    const step = { name: 'x', startMs: 300, ms: 500, outcome: 'done' } as const;
    expect(timeBar(step, 1_000, 10)).toBe('···█████··');
  });

  test('has its width and at least one block, whatever the times', () => {
    const time = fc.nat(1_000_000);
    fc.assert(
      fc.property(time, time, time, fc.integer({ min: 1, max: 60 }), (startMs, ms, totalMs, width) => {
        const bar = timeBar({ name: 'x', startMs, ms, outcome: 'done' }, totalMs, width);
        expect(bar).toMatch(new RegExp(`^[·█]{${width}}$`));
        expect(bar).toContain('█');
      }),
    );
  });
});

describe('progress', () => {
  test('tells percent, rate since the item was first seen, and the sources', () => {
    let now = 0;
    const text = createProgressText(() => now);
    const item = { item: 'a.whl', total: 100_000_000, sources: ['quick', 'far'] };
    expect(text({ ...item, bytes: 10_000_000 })).toBe('a.whl  10 %  of 100 MB  from quick, far');
    now = 2_000;
    expect(text({ ...item, bytes: 50_000_000 })).toBe('a.whl  50 %  of 100 MB  20.0 MB/s  from quick, far');
  });

  test('of an unknown length tells what has come', () => {
    const text = createProgressText(() => 0);
    expect(text({ item: 'resolving', bytes: 1_200_000, total: null, sources: [] })).toBe('resolving  1.2 MB');
  });
});
