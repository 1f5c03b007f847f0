import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openDirectoryStore } from '../../src/store/directory.js';
import { oldestRun } from '../../src/store/uses.js';
import { deadToken } from '../support/dead.js';
import { asAnother } from './another-user.js';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'uses-'));
  await openDirectoryStore(root);
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('what a dead run left', () => {
  test('counts as no run, and stays where this user may not remove it', async () => {
    const running = join(root, 'running');
    await writeFile(join(running, 'dead.json'), await deadToken());
    await asAnother(root, [running], async () => {
      expect(await oldestRun(root, Date.now())).toBe(Number.POSITIVE_INFINITY);
    });
    expect(await readdir(running)).toEqual(['dead.json']);
    expect(await oldestRun(root, Date.now())).toBe(Number.POSITIVE_INFINITY);
    expect(await readdir(running)).toEqual([]);
  });
});
