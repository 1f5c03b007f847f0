import { threads } from '../values/threads.js';
import { createTurnstile } from '../values/turnstile.js';

const turnstile = createTurnstile();

/** Writes to one file wait for each other in the system: more at a time bring nothing. */
export const bytesAtOnce = Math.max(1, Math.min(2, threads - 2));

/**
 * Does what may wait for a slow disk in its turn, so that a thread is left for everything else: with all of them flushing files, no name is
 * looked up, and every source seems silent. `flush`: until bytes are on the disk, one at a time, which the disk does anyway; `bytes`: one
 * read or write of many.
 */
export function inDiskTurn<T>(kind: 'flush' | 'bytes', work: () => Promise<T>): Promise<T> {
  return turnstile(kind, kind === 'flush' ? 1 : bytesAtOnce, work);
}
