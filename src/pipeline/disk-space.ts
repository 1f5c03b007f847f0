import { stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { formatBytes } from '../report/progress.js';
import { Failure } from '../values/failure.js';
import type { IndexFile } from '../values/source.js';
import type { Store } from '../values/store.js';
import { type Told, tell } from './conclude.js';

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

/** Bytes that came over the network in this run, and the sha256 of the files that are whole by now. */
interface Brought {
  readonly bytes: number;
  readonly whole: ReadonlySet<string>;
}

/**
 * What the disks of cache and environment lack, told for a ratio of unpacked to packed bytes; null where nothing is missing or it can't be
 * known. `brought`: what this run has brought so far; what of it is no whole file in the store yet is on the disk all the same.
 */
async function look(
  store: Store,
  files: readonly Pick<IndexFile, 'filename' | 'sha256' | 'size'>[],
  environment: string,
  brought: Brought,
): Promise<((ratio: number) => string | null) | null> {
  const found = await Promise.all(
    files.map(({ sha256, filename }) => (sha256 === null ? null : store.find(sha256, filename))),
  );
  const sizes = files.map((file) => file.size ?? 0);
  const absent = sizes.reduce((sum, size, index) => (found[index] === null ? sum + size : sum), 0);
  const whole = sizes.reduce((sum, size) => sum + size, 0);
  // With everything in the store the files may be unpacked as well, and are then linked: nothing can be foretold.
  if (absent === 0) return null;
  const arrived = found.reduce(
    (sum, file) => (file !== null && brought.whole.has(file.sha256) ? sum + file.size : sum),
    0,
  );
  const missing = Math.max(0, absent - Math.max(0, brought.bytes - arrived));
  const [cache, target] = await Promise.all([freeBytes(store.root), freeBytes(environment)]);
  if (cache === null || target === null) return null;
  const shared = cache.device === target.device;
  return (ratio) => {
    // uv unpacks into its cache, which lies in the store, and links from there; on another file system it copies.
    const inCache = missing + whole * ratio;
    const inTarget = shared ? 0 : whole * ratio;
    if (cache.free < inCache)
      return `${store.root} has ${formatBytes(cache.free)} free, and ${formatBytes(inCache)} are needed there`;
    if (target.free < inTarget)
      return `${environment} has ${formatBytes(target.free)} free, and ${formatBytes(inTarget)} are needed there`;
    return null;
  };
}

/** Whether files that are to be brought ahead of their turn may have room: nothing unpacks to less than its packed size. */
export async function mayHaveRoom(store: Store, files: readonly IndexFile[], environment: string): Promise<boolean> {
  const judge = await look(store, files, environment, { bytes: 0, whole: new Set() });
  return judge === null || judge(1) === null;
}

/**
 * Looks whether what is still to be downloaded and unpacked has room, before the first byte of it. Throws Failure(1) where it certainly
 * has none: nothing unpacks to less than its packed size; warns where it probably has none. `brought` as in `look`.
 */
export async function checkDiskSpace(
  told: Told,
  store: Store,
  files: readonly Pick<IndexFile, 'filename' | 'sha256' | 'size'>[],
  environment: string,
  brought: Brought,
): Promise<void> {
  const judge = await look(store, files, environment, brought);
  if (judge === null) return;
  const certain = judge(1);
  const remedy = 'Free some space, or name folders on another disk with cache-path and venv.';
  if (certain !== null) throw new Failure(1, [{ where: 'disk space', what: `At least: ${certain}.`, remedy }]);
  const likely = judge(unpackedRatio);
  if (likely !== null)
    tell(told, [{ id: 'disk-space', text: `The disk may be too small: ${likely} (estimated). ${remedy}` }]);
}
