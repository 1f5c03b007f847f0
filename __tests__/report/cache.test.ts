import { describe, expect, test } from '@jest/globals';
import { describeCache } from '../../src/report/describe-cache.js';
import { describeBucket } from '../../src/report/headline.js';
import type { BucketReport, CacheReport } from '../../src/values/report.js';
import { doneReport } from './reports.js';

const base = doneReport.cache as CacheReport;
const told = (changes: Partial<CacheReport>) => Object.fromEntries(describeCache({ ...base, ...changes }));

describe('what a cache did for a run', () => {
  test('tells what was there, what came and what was stored', () => {
    expect(told({})).toMatchObject({
      Hit: 'partial: 3 files, 1.5 MB reused, 217 MB downloaded',
      Stored: '11 files, 217 MB',
    });
    expect(told({ stored: { files: 0, bytes: 0 } })['Stored']).toBe('nothing new');
  });

  test('tells what another job on the machine brought', () => {
    const { Hit } = told({ filesReused: 0, bytesReused: 0, bytesDownloaded: 0, awaited: { files: 1, bytes: 9e6 } });
    expect(Hit).toBe('partial: nothing was there, 1 file, 9.0 MB brought by another job meanwhile, 0 B downloaded');
  });

  const saved = {
    ms: 12_000,
    bytes: 217e6,
    besideMs: 0,
    bytesPerSecond: 18.1e6,
    measured: 'in an earlier run',
  } as const;
  test.each<readonly [Partial<CacheReport>, string]>([
    [{ saved }, 'about 12 s against downloading 217 MB at 18.1 MB/s (measured in an earlier run)'],
    [
      { saved: { ...saved, ms: -3_000 } },
      'nothing: it took 3.0 s longer than downloading 217 MB at 18.1 MB/s (measured in an earlier run)',
    ],
    [
      { saved: { ...saved, ms: 8_000, besideMs: 4_000 } },
      'about 8.0 s against downloading 217 MB at 18.1 MB/s (measured in an earlier run), during which 4.0 s of unpacking would have been done',
    ],
    [
      { saved: { ...saved, ms: 0, besideMs: 12_000 } },
      'no time: unpacking took longer than downloading 217 MB at 18.1 MB/s (measured in an earlier run) would have',
    ],
    [{ saved: null }, 'not known: no download was measured here in the last 7 days'],
    [{ saved: null, filesReused: 0, bytesReused: 0 }, 'nothing: no file was there'],
  ])('tells what that saved, and from what it is known', (changes, text) => {
    expect(told(changes)['Saved']).toBe(text);
  });

  test('says nothing but what was downloaded with `cache: off`', () => {
    expect(told({ store: 'off' })).toEqual({ Downloaded: '217 MB' });
  });
});

test('a bucket that had everything was given nothing, which is no count of zero files', () => {
  const bucket: BucketReport = {
    place: 's3://b/p',
    bytesRead: 217e6,
    filesStored: 0,
    givenUp: null,
    bytesStored: 0,
    filesReplaced: 0,
    waitedMs: 0,
    leased: false,
    readOnly: null,
  };
  expect(describeBucket(bucket)).toBe('s3://b/p: 217 MB read, nothing had to be stored');
  expect(describeBucket({ ...bucket, filesStored: 1, bytesStored: 20 })).toContain('1 file (20 B) stored');
  expect(describeBucket({ ...bucket, bytesRead: 0, givenUp: 'no keys were found' })).toBe(
    's3://b/p: 0 B read, nothing stored, given up: no keys were found',
  );
});
