import { KEPT } from './record.js';
import type { FileRoute } from './routes.js';
import { isAlive } from './routes.js';

/** What to do after the hash of the whole came out wrong. */
export type Blame =
  /** These bytes are fetched again; the source that brought them is proven wrong, or under suspicion until they are there. */
  | { readonly recall: string; readonly proven: boolean }
  /** Nobody is left to fetch anything again. */
  | { readonly recall: null };

/**
 * Chooses whose bytes are fetched again: those of an earlier run first, which nobody has vouched for; then, when one source brought the
 * whole, that one is proven wrong; otherwise the least wished for of the sources that another one can replace. Each round either
 * clears the file or leaves fewer sources to doubt, so it ends.
 */
export function blame(contributors: readonly string[], routes: readonly FileRoute[]): Blame {
  if (contributors.includes(KEPT)) {
    return { recall: KEPT, proven: false };
  }
  const [only] = contributors;
  if (contributors.length === 1 && only !== undefined) {
    return { recall: only, proven: true };
  }
  const replaceable = (source: string): boolean =>
    routes.some((r) => r.location.source !== source && isAlive(r) && !r.suspected);
  const suspect = routes
    .map((r) => r.location.source)
    .reverse()
    .find((source) => contributors.includes(source) && replaceable(source));
  return suspect === undefined ? { recall: null } : { recall: suspect, proven: false };
}
