import type { Timeline } from '../report/timeline.js';
import { readSpeed, timeFor } from '../store/github/entry.js';
import { bucketSource } from '../store/s3/share.js';
import type { Lock } from '../values/lock.js';
import type { FileCount, SavedReport } from '../values/report.js';
import type { Store } from '../values/store.js';
import type { Transfers } from '../values/transfers.js';
import type { Story } from './context.js';
import { keptSpeed, measuredSpeed } from './download-speed.js';

/** As much of a run as says how long things took, and is told what that saved. */
interface Timed {
  readonly story: Pick<Story, 'cache' | 'install'>;
  readonly context: { readonly timeline: Pick<Timeline, 'steps'> };
}

function count(files: readonly { readonly size: number | null }[]): FileCount {
  return { files: files.length, bytes: files.reduce((sum, { size }) => sum + (size ?? 0), 0) };
}

/**
 * Writes into the story which files of the lock came into the store meanwhile: by this run, and by another one on this machine. `before`:
 * SHA-256 of those that it had when the lock was known; one that had to come all the same, since its bytes were wrong, is not reused. What
 * was installed and is in none of these places was linked from what an earlier run unpacked, the wheel being gone: that is reused, too.
 */
export async function tellStored(
  { story }: { readonly story: Pick<Story, 'cache' | 'lock' | 'install'> },
  store: Pick<Store, 'find'>,
  lock: Pick<Lock, 'files'>,
  transfers: Pick<Transfers, 'arrived'>,
  before: ReadonlySet<string>,
): Promise<void> {
  const { cache } = story;
  if (cache === null) return;
  const arrived = transfers.arrived();
  const wanted = lock.files.filter(({ hashOrigin }) => hashOrigin !== 'local');
  const files = await Promise.all(
    wanted.map(async ({ sha256, filename, size }) => {
      const found = await store.find(sha256, filename);
      return { sha256, size: found?.size ?? size, there: found !== null, came: arrived.has(sha256) };
    }),
  );
  const isReused = ({ sha256, there, came }: (typeof files)[number]): boolean =>
    !came && (there ? before.has(sha256) : story.install !== null);
  const { files: filesReused, bytes: bytesReused } = count(files.filter(isReused));
  const exact = story.lock?.resolved === false && filesReused === wanted.length;
  story.cache = {
    ...cache,
    hit: exact ? 'exact' : filesReused > 0 ? 'partial' : 'miss',
    filesReused,
    bytesReused,
    stored: count(files.filter(({ there, came }) => there && came)),
    awaited: count(files.filter(({ sha256, there, came }) => there && !came && !before.has(sha256))),
  };
}

/**
 * How long (ms) the installer unpacked beside no download. It unpacks while files arrive, so a run that downloads spends that time, too,
 * and has it for nothing. Zero where nothing was unpacked, and with pip, which downloads everything first.
 */
function unpackedAlone({ story, context }: Timed, transferMs: number): number {
  if (story.install?.unpacked !== true) return 0;
  const installMs = context.timeline.steps().find(({ name }) => name === 'Install')?.ms ?? 0;
  return Math.max(0, installMs - transferMs);
}

/**
 * Writes into the story what reusing files saved: the time that downloading them would have taken at the speed that was measured, less
 * what unpacking would have gone on beside, less what restoring them took. The time that a bucket took is its share of all bytes that came.
 */
export async function tellSaved(
  run: Timed,
  store: Pick<Store, 'readFact' | 'writeFact'>,
  transfers: Pick<Transfers, 'fetched' | 'spentMs'>,
): Promise<void> {
  const { story } = run;
  const { cache } = story;
  if (cache === null) return;
  const now = await measuredSpeed(store, transfers);
  if (cache.bytesReused === 0) return;
  const { github } = cache;
  // A machine that has measured nothing yet is told by the entry how fast its maker was.
  const entry = github === null ? null : readSpeed({ bytes: github.bytes, ms: github.downloadMs });
  const speed = now ?? (await keptSpeed(store)) ?? entry;
  if (speed === null) return;
  const fetched = transfers.fetched();
  const all = Object.values(fetched).reduce((sum, bytes) => sum + bytes, 0);
  const bucketMs = all === 0 ? 0 : (transfers.spentMs() * (fetched[bucketSource] ?? 0)) / all;
  const downloadMs = timeFor(cache.bytesReused, speed);
  const besideMs = Math.min(downloadMs, unpackedAlone(run, transfers.spentMs()));
  const saved: SavedReport = {
    ms: Math.round(downloadMs - besideMs - bucketMs - (github?.ms ?? 0)),
    bytes: cache.bytesReused,
    besideMs: Math.round(besideMs),
    bytesPerSecond: Math.round((speed.bytes * 1000) / speed.ms),
    measured: now === null ? 'in an earlier run' : 'in this run',
  };
  story.cache = { ...cache, saved };
}
