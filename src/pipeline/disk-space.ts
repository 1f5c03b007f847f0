import { stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { formatBytes } from '../report/progress.js';
import { Failure } from '../values/failure.js';
import type { Lock } from '../values/lock.js';
import type { Store } from '../values/store.js';
import { tell } from './conclude.js';
import type { Run } from './context.js';

/** Unpacked bytes for each packed one: 849 MB of 217 MB for the CPU build of 3.2.2 with what it depends on (measured). GPU builds hold less that shrinks. */
const unpackedRatio = 4;

async function freeBytes(folder: string): Promise<{ readonly free: number; readonly device: number } | null> {
  for (let place = folder; ; place = path.dirname(place)) {
    try {
      const [{ bavail, bsize }, { dev }] = await Promise.all([statfs(place), stat(place)]);
      return { free: bavail * bsize, device: dev };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || path.dirname(place) === place) return null;
    }
  }
}

/**
 * Looks whether what is still to be downloaded and unpacked has room, before the first byte of it. Throws Failure(1) where it certainly
 * has none: nothing unpacks to less than its packed size; warns where it probably has none.
 */
export async function checkDiskSpace(run: Run, store: Store, lock: Lock, environment: string): Promise<void> {
  const found = await Promise.all(lock.files.map((file) => store.find(file.sha256, file.filename)));
  const sizes = lock.files.map((file) => file.size ?? 0);
  const missing = sizes.reduce((sum, size, index) => (found[index] === null ? sum + size : sum), 0);
  const whole = sizes.reduce((sum, size) => sum + size, 0);
  // With everything in the store the files may be unpacked as well, and are then linked: nothing can be foretold.
  if (missing === 0) return;
  const [cache, target] = await Promise.all([freeBytes(store.root), freeBytes(environment)]);
  if (cache === null || target === null) return;
  const shared = cache.device === target.device;
  const judge = (ratio: number): string | null => {
    // uv unpacks into its cache, which lies in the store, and links from there; on another file system it copies.
    const inCache = missing + whole * ratio;
    const inTarget = shared ? 0 : whole * ratio;
    if (cache.free < inCache)
      return `${store.root} has ${formatBytes(cache.free)} free, and ${formatBytes(inCache)} are needed there`;
    if (target.free < inTarget)
      return `${environment} has ${formatBytes(target.free)} free, and ${formatBytes(inTarget)} are needed there`;
    return null;
  };
  const certain = judge(1);
  const remedy = 'Free some space, or name folders on another disk with cache-path and venv.';
  if (certain !== null) throw new Failure(1, [{ where: 'disk space', what: `At least: ${certain}.`, remedy }]);
  const likely = judge(unpackedRatio);
  if (likely !== null)
    tell(run, [{ id: 'disk-space', text: `The disk may be too small: ${likely} (estimated). ${remedy}` }]);
}
