import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredFile } from '../../values/gateway.js';
import type { Log } from '../../values/log.js';
import type { BucketReport } from '../../values/report.js';
import { nameOfPlace } from '../../values/s3.js';
import type { FileLocation, IndexFile } from '../../values/source.js';
import { type Lease, type LeaseTimes, type LeaseView, lookAtLease, takeLease } from './lease.js';
import { type S3Objects, textUpload } from './objects.js';
import { S3Refusal } from './refusal.js';
import { wheelKey, writeOnce } from './write-once.js';

/** Id of the bucket among the sources. */
export const bucketSource = 'bucket';

/** Times in ms. */
export interface ShareTimes extends LeaseTimes {
  /** How often one who waits looks. */
  readonly pollMs: number;
  /** How long a run waits in all for what another one brings; then it brings it itself. */
  readonly waitMs: number;
}

const defaultTimes: ShareTimes = { beatMs: 15_000, deadMs: 60_000, pollMs: 1_500, waitMs: 600_000 };

/** Files that are put at a time. */
const UPLOADS = 3;
const LOCK_LIMIT = 2 ** 24;

/** A bucket in one run, which many others use at the same time. */
export interface Share {
  /** The lock as it is there now, without waiting. */
  readLock(): Promise<string | null>;
  /** A lock other than `stale`, waited for while another run makes it; null: it is ours to make. */
  awaitLock(stale: string | null): Promise<string | null>;
  /** Where the bucket has a file, waited for while another run brings it; null: it is ours to bring. */
  locate(file: IndexFile): Promise<FileLocation | null>;
  /** An object could not be read: the run goes on without the bucket, and that is said. */
  refused(refusal: S3Refusal): void;
  /** A file has arrived from elsewhere: it is stored in the background. `wrong`: the object that is there holds other bytes. */
  offer(file: StoredFile, wrong: boolean): void;
  /** Stores a lock, in the place of any other one. */
  storeLock(text: string): Promise<void>;
  /** Whether nothing has to be offered: the bucket has the file, it is being stored, or nothing may be. */
  has(file: { readonly sha256: string; readonly filename: string }): Promise<boolean>;
  /** Waits until everything offered is stored, and gives the lease up. */
  close(): Promise<void>;
  /** The files that it was found to have and that a run asked for, sizes in bytes. */
  lent(): readonly { readonly sha256: string; readonly filename: string; readonly size: number }[];
  /** Whether everything that was to be stored could be, so far. */
  isWhole(): boolean;
  report(): Omit<BucketReport, 'bytesRead' | 'readOnly'>;
}

/** Opens the bucket for one cache key. `mayWrite`: false only reads, and waits for others where they are at work. */
export function openShare(options: {
  readonly objects: S3Objects;
  readonly key: string;
  readonly mayWrite: boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly times?: Partial<ShareTimes>;
}): Share {
  const { objects, key, mayWrite, log, signal } = options;
  const times = { ...defaultTimes, ...options.times };
  const place = nameOfPlace(objects.place);
  const [lockKey, leaseKey] = [`locks/${key}/pylock.toml`, `leases/${key}.json`];
  /** Keys that are in the bucket for certain, or on their way there. */
  const there = new Set<string>();
  /** Files that were read from it, with where they are. */
  const lent = new Map<string, FileLocation>();
  /** Keys whose object has a wrong length. */
  const wrong = new Set<string>();
  const counts = { filesStored: 0, bytesStored: 0, filesReplaced: 0 };
  let lease: Lease | null = null;
  let leased = false;
  let trouble: string | null = null;
  let released: Promise<void> = Promise.resolve();
  let [reading, writing] = [true, mayWrite];
  let waitedMs = 0;
  /** Whether it was said that the waiting is over. */
  let said = false;
  let view: Promise<LeaseView> | null = null;
  let tick: Promise<void> | null = null;
  let taking: Promise<void> | null = null;
  let slots: readonly Promise<void>[] = Array.from({ length: UPLOADS }, () => Promise.resolve());

  /** Others go on with what is missing. */
  const giveUp = (): void => {
    const held = lease;
    lease = null;
    if (held === null) return;
    released = held.release();
    // A defect is thrown by close; until then it must not end the process.
    released.catch(() => undefined);
  };

  /** The bucket serves a run or it does not: after the first refusal that patience did not help, the run goes on without it. */
  const stopReading = (error: unknown): null => {
    if (!(error instanceof S3Refusal)) throw error;
    if (reading)
      log.warn({ id: 's3-not-read', text: `${place} is not read any further: ${error.message}. ${error.remedy}` });
    [reading, writing] = [false, false];
    trouble ??= error.message;
    giveUp();
    return null;
  };

  const stopWriting = (error: unknown): void => {
    if (!(error instanceof S3Refusal)) throw error;
    if (writing)
      log.warn({ id: 's3-not-stored', text: `Nothing more is stored in ${place}: ${error.message}. ${error.remedy}` });
    writing = false;
    trouble ??= error.message;
    giveUp();
  };

  /** What all that wait see together. */
  const look = (): Promise<LeaseView> => {
    view ??= lookAtLease(objects, leaseKey, times, signal);
    return view;
  };

  const take = (seen: LeaseView): Promise<void> => {
    taking ??= takeLease(objects, leaseKey, seen, times, log, signal)
      .then((taken) => {
        lease = taken;
        leased ||= taken !== null;
      })
      .catch(stopWriting)
      .finally(() => {
        [taking, view] = [null, null];
      });
    return taking;
  };

  const pause = (): Promise<void> => {
    if (waitedMs === 0 && tick === null) {
      const minutes = Math.ceil(times.waitMs / 60_000);
      log.info(`Another job is bringing what ${place} lacks; waiting for it, at most ${minutes} min.`);
    }
    const since = Date.now();
    tick ??= sleep(times.pollMs * (0.7 + 0.6 * Math.random()), undefined, { signal }).finally(() => {
      waitedMs += Date.now() - since;
      [tick, view] = [null, null];
    });
    return tick;
  };

  const hasWaited = (): boolean => {
    if (waitedMs < times.waitMs) return false;
    if (!said)
      log.info(`${Math.round(waitedMs / 60_000)} min are over: this run brings what ${place} lacks by itself.`);
    said = true;
    return true;
  };

  /** What `probe` finds, waited for while another run is at work on it. Null: it is ours to bring, or the bucket is of no use. */
  async function settle<Found>(wanted: string, probe: () => Promise<Found | null>): Promise<Found | null> {
    try {
      let found = reading ? await probe() : null;
      let holder: string | null = null;
      while (found === null && reading && lease === null) {
        const seen = await look();
        const alive = seen.state === 'alive';
        // What is announced may be there, and so may what a holder that is gone, or was replaced, stored last.
        const same = alive && seen.holder === (holder ?? seen.holder);
        found = same && !seen.arrived.has(wanted) ? null : await probe();
        holder = seen.holder;
        if (found !== null || (alive ? hasWaited() : !writing)) break;
        if (!alive) await take(seen);
        if (lease !== null) found = await probe();
        else if (hasWaited()) break;
        else if (alive || writing) await pause();
      }
      return found;
    } catch (error) {
      return stopReading(error);
    }
  }

  const store = async (file: StoredFile, name: string, replace: boolean): Promise<void> => {
    const item = `storing ${basename(file.path)}`;
    const written = await writeOnce(objects, name, file, replace, signal, (bytes) =>
      log.progress({ item, bytes, total: file.size, sources: [] }),
    );
    wrong.delete(name);
    lease?.announce(name);
    if (written === 'there') return;
    counts.filesStored += 1;
    counts.bytesStored += file.size;
    if (replace) counts.filesReplaced += 1;
  };

  const lockText = async (): Promise<string | null> => (await objects.read(lockKey, LOCK_LIMIT, signal))?.text ?? null;

  return {
    readLock: () => lockText().catch(stopReading),
    refused: stopReading,
    awaitLock: (stale) =>
      settle(lockKey, async () => {
        const text = await lockText();
        return text === stale ? null : text;
      }),
    locate: ({ sha256, filename, size }) => {
      if (sha256 === null) return Promise.resolve(null);
      const name = wheelKey(sha256, filename);
      return settle(name, async () => {
        const known = lent.get(name);
        if (known !== undefined) return known;
        const found = await objects.head(name, signal);
        if (found === null) return null;
        if (size !== null && found.size !== size) {
          wrong.add(name);
          return null;
        }
        const location = { source: bucketSource, url: objects.address(name), sha256, size: found.size };
        there.add(name);
        lent.set(name, location);
        return location;
      });
    },
    offer: (file, replace) => {
      const name = wheelKey(file.sha256, basename(file.path));
      const bad = replace || wrong.has(name);
      if (!writing || (there.has(name) && !bad)) return;
      there.add(name);
      const [first = Promise.resolve(), ...others] = slots;
      const work = first
        .then(() => (writing ? store(file, name, bad) : undefined))
        .catch((error: unknown) => (signal.aborted ? undefined : stopWriting(error)));
      // A defect is thrown by close; until then it must not end the process.
      work.catch(() => undefined);
      slots = [...others, work];
    },
    storeLock: async (text) => {
      if (!writing) return;
      try {
        await objects.put(lockKey, textUpload(text), null, signal);
        lease?.announce(lockKey);
      } catch (error) {
        stopWriting(error);
      }
    },
    has: async ({ sha256, filename }) => {
      const name = wheelKey(sha256, filename);
      if (!writing || there.has(name)) return true;
      try {
        if ((await objects.head(name, signal)) === null) return false;
        there.add(name);
      } catch (error) {
        stopReading(error);
      }
      return true;
    },
    close: async () => {
      try {
        await Promise.all(slots);
      } finally {
        giveUp();
        await released;
      }
    },
    lent: () =>
      [...lent].map(([name, { sha256, size }]) => ({
        sha256: sha256 ?? '',
        filename: basename(name),
        size: size ?? 0,
      })),
    isWhole: () => writing,
    report: () => ({ place, ...counts, waitedMs, leased, givenUp: trouble }),
  };
}
