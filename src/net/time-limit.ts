/** How long (ms) a limit sleeps at a time. */
const SLICE_MS = 250;
/** Woken so much later (ms) than it wished, a limit knows that this process did not run: what came meanwhile has not been looked at. */
const LATE_MS = 100;

/** A limit that is running. */
export interface TimeLimit {
  /** Something came: it starts anew. */
  refresh(): void;
  clear(): void;
}

/**
 * Calls `over` after `ms` in which this process could have taken notice of an answer. Time in which it was stopped, starved or at work on
 * something else counts for little, and none at all while `isHeldUp`: such silence is ours and nobody else's.
 */
export function startTimeLimit(ms: number, over: () => void, isHeldUp: () => boolean = () => false): TimeLimit {
  let left = ms;
  let refreshed = false;
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    const slice = Math.min(left, SLICE_MS);
    const begun = performance.now();
    timer = setTimeout(() => {
      const late = performance.now() - begun > slice + LATE_MS;
      if (refreshed) left = ms;
      // A little, so that a machine that is always late comes to an end too.
      else if (!isHeldUp()) left -= late ? Math.max(10, slice / 4) : slice;
      refreshed = false;
      if (left > 0) wait();
      else over();
    }, slice);
  };
  wait();
  return {
    refresh: () => {
      refreshed = true;
    },
    clear: () => clearTimeout(timer),
  };
}
