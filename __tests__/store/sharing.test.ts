import { readdirSync, statSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openDirectoryStore } from '../../src/store/directory.js';
import type { Store } from '../../src/values/store.js';
import { leaveOut } from '../support/left-out.js';

const when = process.platform === 'win32' ? describe.skip : describe;
if (process.platform === 'win32') leaveOut('set-gid folder');

when('a folder of a store that a group shares', () => {
  let root = '';
  let store: Store;
  /** The modes of what lies in `partial/`. */
  const modes = (): string[] => {
    const found = readdirSync(join(root, 'partial')).map((name) =>
      statSync(join(root, 'partial', name), { throwIfNoEntry: false }),
    );
    return found.flatMap((one) => (one === undefined ? [] : (one.mode & 0o7777).toString(8)));
  };
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'shared-'));
    await chmod(root, 0o2775);
    store = await openDirectoryStore(root);
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  test('is open to the group from the moment that it is there: who is killed right after making it keeps nobody out', async () => {
    const seen = new Set<string>();
    let making = true;
    const look = async (): Promise<void> => {
      while (making) {
        for (const mode of modes()) seen.add(mode);
        await turn();
      }
    };
    const make = async (): Promise<void> => {
      for (let n = 0; n < 200; n += 1) await (await store.partial(`file-${n}`))?.discard();
      making = false;
    };
    await Promise.all([look(), make()]);
    expect([...seen]).toEqual(['2775']);
  });

  test('is open to the group where the umask closes it, and the umask stays as it was', async () => {
    const own = process.umask(0o077);
    try {
      await store.partial('file');
    } finally {
      expect(process.umask(own)).toBe(0o077);
    }
    expect(modes()).toEqual(['2775']);
  });
});
