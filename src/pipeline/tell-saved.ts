import { timeFor } from '../store/github/entry.js';
import { bucketSource } from '../store/s3/share.js';
import type { StoredFile } from '../values/gateway.js';
import type { Lock } from '../values/lock.js';
import type { FileCount } from '../values/report.js';
import type { Store } from '../values/store.js';
import type { Transfers } from '../values/transfers.js';
import type { Run } from './context.js';
import { keptSpeed, measuredSpeed } from './download-speed.js';

function count(files: readonly StoredFile[]): FileCount {
  return { files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) };
}

/** Writes into the story which files of the lock came into the store meanwhile: by this run, and by another one on this machine. */
export async function tellStored({ story }: Run, store: Store, lock: Lock, transfers: Transfers): Promise<void> {
  if (story.cache === null) return;
  const { filesReused, bytesReused } = story.cache;
  const found = await Promise.all(lock.files.map(({ sha256, filename }) => store.find(sha256, filename)));
  const there = found.filter((file) => file !== null);
  const arrived = transfers.arrived();
  const others = count(there.filter(({ sha256 }) => !arrived.has(sha256)));
  story.cache = {
    ...story.cache,
    stored: count(there.filter(({ sha256 }) => arrived.has(sha256))),
    awaited: { files: Math.max(0, others.files - filesReused), bytes: Math.max(0, others.bytes - bytesReused) },
  };
}

/**
 * Writes into the story what reusing files saved: the time that downloading them would have taken at the speed that was measured, less
 * what restoring them took. The time that a bucket took is its share of all bytes that came.
 */
export async function tellSaved({ story }: Run, store: Store, transfers: Transfers): Promise<void> {
  const { cache } = story;
  if (cache === null) return;
  const now = await measuredSpeed(store, transfers);
  const speed = now ?? (cache.bytesReused === 0 ? null : await keptSpeed(store));
  if (speed === null || cache.bytesReused === 0) return;
  const fetched = transfers.fetched();
  const all = Object.values(fetched).reduce((sum, bytes) => sum + bytes, 0);
  const bucketMs = all === 0 ? 0 : (transfers.spentMs() * (fetched[bucketSource] ?? 0)) / all;
  const ms = timeFor(cache.bytesReused, speed) - bucketMs - (cache.github?.ms ?? 0);
  const measured = now === null ? 'in an earlier run' : 'in this run';
  const bytesPerSecond = Math.round((speed.bytes * 1000) / speed.ms);
  story.cache = { ...cache, saved: { ms: Math.round(ms), bytes: cache.bytesReused, bytesPerSecond, measured } };
}
