import { describe, expect, test } from '@jest/globals';
import type { Story } from '../../src/pipeline/context.js';
import { tellSaved } from '../../src/pipeline/tell-saved.js';
import type { CacheReport, GithubCacheReport, SavedReport } from '../../src/values/report.js';
import { doneReport } from '../report/reports.js';

const MB = 1e6;
const entry: GithubCacheReport = {
  entry: 'key-files',
  why: null,
  files: 3,
  bytes: 200 * MB,
  ms: 5_000,
  downloadMs: 4_000,
  saving: null,
  notSaved: null,
};

/** What is said of a run that reused 200 MB. `kept`: the speed that an earlier run left; `fetchedMs`: this one downloaded 50 MB in so long. */
async function saved(options: {
  readonly github?: GithubCacheReport;
  readonly installMs: number;
  readonly unpacked: boolean;
  readonly kept?: { readonly bytes: number; readonly ms: number };
  readonly fetchedMs?: number;
}): Promise<SavedReport | null> {
  const { github = null, installMs, unpacked, kept = null, fetchedMs = 0 } = options;
  const install = doneReport.install === null ? null : { ...doneReport.install, unpacked };
  const cache: CacheReport = { ...(doneReport.cache as CacheReport), bytesReused: 200 * MB, saved: null, github };
  const story: Pick<Story, 'cache' | 'install'> = { cache, install };
  const step = { name: 'Install', startMs: 0, ms: installMs, outcome: 'done' } as const;
  await tellSaved(
    { story, context: { timeline: { steps: () => [step] } } },
    {
      readFact: () => Promise.resolve(kept === null ? null : { value: kept, ageMs: 1, foreign: false }),
      writeFact: () => Promise.resolve(),
    },
    { fetched: () => (fetchedMs === 0 ? {} : { mirror: 50 * MB }), spentMs: () => fetchedMs },
  );
  return story.cache?.saved ?? null;
}

describe('what a cache saved', () => {
  test('on a new machine is reckoned by the speed that the entry tells, less what the installer unpacks beside a download', async () => {
    const told = await saved({ github: entry, installMs: 3_000, unpacked: true });
    expect(told).toEqual({
      ms: 4_000 - 3_000 - 5_000,
      bytes: 200 * MB,
      besideMs: 3_000,
      bytesPerSecond: 50 * MB,
      measured: 'in an earlier run',
    });
  });

  test('is all of the download where files were linked only', async () => {
    const kept = { bytes: 100 * MB, ms: 1_000 };
    expect(await saved({ kept, installMs: 100, unpacked: false })).toMatchObject({ ms: 2_000, besideMs: 0 });
  });

  test('is nothing, and not less, where unpacking takes longer than downloading', async () => {
    const kept = { bytes: 100 * MB, ms: 1_000 };
    expect(await saved({ kept, installMs: 60_000, unpacked: true })).toMatchObject({ ms: 0, besideMs: 2_000 });
  });

  test('counts unpacking that did go on beside the rest of the download for nothing', async () => {
    const told = await saved({ installMs: 1_000, unpacked: true, fetchedMs: 1_000 });
    expect(told).toMatchObject({ ms: 4_000, besideMs: 0, measured: 'in this run' });
  });

  test('is not known where nothing was measured', async () => {
    expect(await saved({ installMs: 1, unpacked: false })).toBeNull();
  });
});
