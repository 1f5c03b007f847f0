import type { MarkerEnvironment } from '../packaging/marker-environment.js';
import { fromPylock, toPylock } from '../packaging/pylock.js';
import { isExact } from '../packaging/version.js';
import { Failure } from '../values/failure.js';
import type { Lock } from '../values/lock.js';
import type { Log } from '../values/log.js';
import type { Requirement } from '../values/requirement.js';

/** Where locks are kept: the store's part for them. */
export interface LockShelf {
  readLock(key: string): Promise<{ readonly value: string } | null>;
  writeLock(key: string, text: string): Promise<string>;
}

interface Wishes {
  readonly shelf: Pick<LockShelf, 'readLock'>;
  readonly key: string;
  /** Every line names one version (see `isPinned`): the lock does not age. */
  readonly pinned: boolean;
  /** Milliseconds for which the lock of an unpinned request is used. */
  readonly maxAgeMs: number;
  readonly now: Date;
  readonly tags: readonly string[];
  readonly environment: MarkerEnvironment;
  readonly log: Log;
}

/**
 * Whether a request leaves no version open that it names: each line is `==`, a link with a hash or a local file.
 * What such a request depends on may still move at the index, but a user who pins wants the same answer every time, so its lock never ages.
 */
export function isPinned(requirements: readonly Requirement[]): boolean {
  return requirements.every((line) => {
    if (line.kind === 'named') return isExact(line.specifier);
    return line.kind === 'path' || (line.kind === 'url' && line.hashes.length > 0);
  });
}

/** The lock kept under a key, if it can be read and is young enough; else null, and it is resolved again. */
export async function keptLock(wishes: Wishes): Promise<Lock | null> {
  const kept = await wishes.shelf.readLock(wishes.key);
  if (kept === null) return null;
  const again = (why: string): null => {
    wishes.log.warn({ id: 'kept-lock-unusable', text: `The kept lock is resolved again: ${why}` });
    return null;
  };
  try {
    const lock = fromPylock(kept.value, 'the kept lock', wishes.tags, wishes.environment);
    if (lock.key !== wishes.key) return again(`it was made for the key ${lock.key}.`);
    const ageMs = wishes.now.getTime() - Date.parse(lock.created);
    // A date in the future (a clock that was set back) tells no age.
    if (wishes.pinned || (ageMs >= 0 && ageMs <= wishes.maxAgeMs)) return lock;
    wishes.log.info(`The kept lock of ${lock.created} is older than lock-max-age and is resolved again.`);
    return null;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return again(error.problems.map(({ what }) => what).join(' '));
  }
}

/** Keeps a lock under its key; gives the path of the written `pylock.toml`. */
export function keepLock(shelf: LockShelf, lock: Lock): Promise<string> {
  return shelf.writeLock(lock.key, toPylock(lock));
}
