import { createHash } from 'node:crypto';
import { mkdtemp, rm, statfs, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { checkDiskSpace } from '../../src/pipeline/disk-space.js';
import { openDirectoryStore } from '../../src/store/directory.js';
import type { Store } from '../../src/values/store.js';
import { keptLog } from '../support/log.js';

let root: string;
let free: number;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'disk-space-'));
  const { bavail, bsize } = await statfs(root);
  free = bavail * bsize;
});
afterEach(() => rm(root, { recursive: true, force: true }));

interface Wheel {
  readonly filename: string;
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

const wheel = (filename: string, size: number): Wheel => ({
  filename,
  sha256: createHash('sha256').update(filename).digest('hex'),
  size: Math.round(size),
});

/** A file in the store that takes no room, whatever its length. */
async function put(store: Store, { filename, sha256, size }: Wheel): Promise<void> {
  const place = await store.partial(filename);
  await truncate(place?.path ?? '', size);
  await store.admit(place?.path ?? '', { sha256, filename }, 'hashed');
}

describe('room on the disk', () => {
  test.each([
    ['is refused where the rest has none, whatever came before it', 0.3, true],
    ['takes what came of files that are not whole for what it is: there', 0, false],
  ])('%s', async (_, part, refused) => {
    const store = await openDirectoryStore(join(root, 'store'));
    const large = wheel('paddlepaddle_gpu-3.2.2-cp311-cp311-linux_x86_64.whl', free * part);
    const rest = wheel('nvidia_cudnn-9.0-py3-none-any.whl', free * 0.6 - large.size / 2);
    if (refused) await put(store, large);
    const bytes = Math.round(free * 0.3);
    const brought = { bytes, whole: new Set(refused ? [large.sha256] : []) };
    const told = { story: { notices: [] }, context: { log: keptLog() } };
    const checked = checkDiskSpace(told, store, [large, rest], join(root, 'venv'), brought);
    if (refused) await expect(checked).rejects.toMatchObject({ problems: [{ where: 'disk space' }] });
    else await checked;
  });
});
