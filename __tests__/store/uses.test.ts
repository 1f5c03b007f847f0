import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openDirectoryStore } from '../../src/store/directory.js';
import { beginRun, runsAtWork } from '../../src/store/uses.js';
import { NotWritable } from '../../src/values/store.js';
import { deadToken } from '../support/dead.js';
import { asAnother } from './another-user.js';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'uses-'));
  await openDirectoryStore(root);
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('the mark of a run', () => {
  test('that can not be written leaves nothing, and why is said', async () => {
    const running = join(root, 'running');
    await asAnother(root, [running], async () => {
      await expect(beginRun(root, Date.now() + 60_000)).rejects.toBeInstanceOf(NotWritable);
    });
    expect(await readdir(running)).toEqual([]);
  });

  test('is seen by every user of a store that a group shares, whatever the umask', async () => {
    await chmod(root, 0o2775);
    const own = process.umask(0o077);
    try {
      await beginRun(root, Date.now() + 60_000);
    } finally {
      process.umask(own);
    }
    const [name = ''] = await readdir(join(root, 'running'));
    expect((await stat(join(root, 'running', name))).mode & 0o777).toBe(0o644);
  });
});

describe('what a dead run left', () => {
  test('counts as no run, and stays where this user may not remove it', async () => {
    const running = join(root, 'running');
    await writeFile(join(running, 'dead.json'), await deadToken());
    await asAnother(root, [running], async () => {
      expect(await runsAtWork(root, Date.now())).toEqual([]);
    });
    expect(await readdir(running)).toEqual(['dead.json']);
    expect(await runsAtWork(root, Date.now())).toEqual([]);
    expect(await readdir(running)).toEqual([]);
  });
});
