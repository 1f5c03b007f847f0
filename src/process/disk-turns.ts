import { threads } from '../values/threads.js';
import { createTurnstile } from '../values/turnstile.js';

const turnstile = createTurnstile();

/**
 * Does what may wait for a slow disk in its turn, so that a thread is left for everything else: with all of them flushing files, no name is
 * looked up, and every source seems silent. `flush`: until bytes are on the disk, one at a time, which the disk does anyway; `bytes`: one
 * read or write of many.
 */
export function inDiskTurn<T>(kind: 'flush' | 'bytes', work: () => Promise<T>): Promise<T> {
  return turnstile(kind, kind === 'flush' ? 1 : Math.max(1, threads - 2), work);
}
