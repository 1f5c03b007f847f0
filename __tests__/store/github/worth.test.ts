import { describe, expect, test } from '@jest/globals';
import { downloadIsFaster, readSpeed, timeFor } from '../../../src/store/github/entry.js';
import { planSave } from '../../../src/store/github/save.js';
import type { Lock, LockedFile } from '../../../src/values/lock.js';
import { files, key, save } from './house.js';

const lock = (change: readonly LockedFile[] = files): Lock => ({
  requiresPython: '>=3.11',
  device: 'cpu',
  cuda: null,
  distribution: 'paddlepaddle',
  paddleVersion: '3.2.2',
  files: change,
  unhashed: [],
  created: '2026-11-22T10:00:00Z',
  key,
});
const allowed = { allowed: true, why: 'the event is push' };
const usual = { lock: lock(), restored: null, writing: allowed, download: null, restore: null };
const [fast, slow] = [
  { bytes: 100_000_000, ms: 1000 },
  { bytes: 10_000_000, ms: 1000 },
];

describe('what post saves', () => {
  test('is the lock with its files, and how fast they came', () => {
    const { save: planned } = planSave({ ...usual, download: fast, restore: null });
    expect(planned).toMatchObject({ entry: save.entry, key, bytes: 20, download: fast });
    expect(planned?.files.map(({ filename }) => filename)).toEqual(files.map(({ filename }) => filename));
  });

  test('leaves out what a later job could not tell from a forgery, and files of this machine', () => {
    const [one, two] = files;
    if (one === undefined || two === undefined) throw new Error('two files are needed');
    const first = { ...one, hashOrigin: 'first-seen' as const };
    expect(planSave({ ...usual, lock: lock([first, two]) }).save?.files).toEqual([
      { sha256: two.sha256, filename: two.filename },
    ]);
    expect(planSave({ ...usual, lock: lock([first, { ...two, hashOrigin: 'local' }]) })).toMatchObject({
      save: null,
      why: expect.stringContaining('no index publishes a hash'),
    });
  });

  test.each([
    ['where the very entry was restored', { restored: save.entry }, 'has every file already'],
    [
      'where the event may not write',
      { writing: { allowed: false, why: 'cache-write is never' } },
      'cache-write is never.',
    ],
    ['where downloading is faster', { download: fast, restore: slow }, '100.0 MB/s against 10.0 MB/s'],
    [
      'where it is too large',
      { lock: lock(files.map((file) => ({ ...file, size: 3e9 }))) },
      '6.0 GB are more than the 5.0 GB',
    ],
  ])('is nothing %s', (_name, change, why) => {
    expect(planSave({ ...usual, ...change })).toEqual({ save: null, why: expect.stringContaining(why) });
  });

  test('is saved where restoring is faster than downloading, or where nobody measured', () => {
    expect(planSave({ ...usual, download: slow, restore: fast }).save).not.toBeNull();
    expect(planSave({ ...usual, download: null, restore: slow }).save).not.toBeNull();
  });
});

describe('a speed', () => {
  test('tells how long so many bytes take', () => {
    expect(timeFor(217_000_000, slow)).toBe(21_700);
    expect(downloadIsFaster(slow, fast)).toBeNull();
  });

  test('has to be clearly higher to count as faster', () => {
    expect(downloadIsFaster({ bytes: 120_000_000, ms: 1000 }, fast)).toBeNull();
    expect(downloadIsFaster({ bytes: 130_000_000, ms: 1000 }, fast)).toContain('130.0 MB/s against 100.0 MB/s');
  });

  test.each([
    null,
    3,
    'x',
    {},
    { bytes: 'many', ms: 1 },
    { bytes: 5e6, ms: 0 },
    { bytes: 1000, ms: 1 },
    { bytes: Number.NaN, ms: 1 },
  ])('is not read from %j', (value) => {
    expect(readSpeed(value)).toBeNull();
  });
});
