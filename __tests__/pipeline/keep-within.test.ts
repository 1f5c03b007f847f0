import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Run } from '../../src/pipeline/context.js';
import { prune } from '../../src/pipeline/keep-within.js';
import { openDirectoryStore } from '../../src/store/directory.js';
import { beginRun, type RunMark } from '../../src/store/uses.js';
import type { Store } from '../../src/values/store.js';
import { asAnother } from '../store/another-user.js';
import { keptLog } from '../support/log.js';

let root = '';
let store: Store;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'keep-within-'));
  store = await openDirectoryStore(root);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const file = (letter: string) => ({ sha256: letter.repeat(64), filename: `${letter}-1.0-py3-none-any.whl` });
const begin = async (...letters: string[]): Promise<RunMark> => {
  const mark = await beginRun(root, Date.now() + 60_000);
  await mark.uses({ key: letters.join(''), files: letters.map(file) as never });
  return mark;
};

/** A wheel of so many bytes that came yesterday. */
async function wheel(letter: string, bytes: number): Promise<void> {
  const path = join(store.folders.staging, letter);
  await writeFile(path, Buffer.alloc(bytes));
  const stored = await store.admit(path, file(letter), 'hashed');
  const yesterday = new Date(Date.now() - 24 * 3600_000);
  await utimes(stored.path, yesterday, yesterday);
}

/** What is said where the store may hold so many bytes. */
async function saidOf(cacheLimit: number, asking: RunMark | null): Promise<string> {
  const log = keptLog();
  const run = { request: { cacheLimit }, context: { log }, story: { notices: [] } } as unknown as Run;
  await prune(run, root, join(root, 'spare'), asking);
  return log.notices.map(({ text }) => text.replace(root, 'CACHE')).join();
}

describe('a cache that stays above its limit', () => {
  test('for what the run itself uses says so, and what limit would do', async () => {
    await wheel('a', 2_040_000);
    const run = await begin('a');
    expect(await saidOf(1_000_000, run)).toBe(
      'CACHE holds 2.0 MB, more than cache-limit allows (1.0 MB). This run alone uses 2.0 MB: set `cache-limit: 3MB` or more, or run `cache prune` afterwards.',
    );
    expect(await saidOf(3_000_000, run)).toBe('');
  });

  test('for what others use says whose is how much, what both use counting as the own', async () => {
    await wheel('a', 1000);
    await wheel('b', 5000);
    await begin('a', 'b');
    expect(await saidOf(3000, await begin('a'))).toBe(
      'CACHE holds 6.0 kB, more than cache-limit allows (3.0 kB). This run uses 1.0 kB. Other runs that are at work use 5.0 kB.',
    );
  });

  test('for what others use says so where no run asks', async () => {
    await wheel('a', 5000);
    await begin('a');
    expect(await saidOf(1000, null)).toBe(
      'CACHE holds 5.0 kB, more than cache-limit allows (1.0 kB). Other runs that are at work use 5.0 kB.',
    );
  });

  test.each([
    [['a'], '1 file belongs to a user who did not share it.'],
    [['a', 'b'], '2 files belong to users who did not share them.'],
  ])('for what belongs to other users counts it and names no run (%j)', async (letters, told) => {
    for (const letter of letters) await wheel(letter, 5000);
    const folders = letters.map((one) => join(root, 'wheels', one.repeat(2), one.repeat(64)));
    await asAnother(root, folders, async () => {
      expect(await saidOf(1000, null)).toMatch(new RegExp(`\\(1\\.0 kB\\)\\. ${told}$`));
    });
  });
});
