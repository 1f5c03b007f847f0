import { performance } from 'node:perf_hooks';

/** A look at a shorter time (ms) says nothing. */
const LOOK_MS = 100;
/** Share of the time from which the process counts as busy. */
const BUSY = 0.8;

/**
 * Tells whether this process was at work nearly all the time lately. Then nobody waits for the network: what the connections bring lies in
 * the system's buffers, and another connection would only add to it.
 */
export function watchBusyness(): () => boolean {
  let [seen, seenMs] = [performance.eventLoopUtilization(), performance.now()];
  let busy = false;
  return () => {
    if (performance.now() - seenMs >= LOOK_MS) {
      const now = performance.eventLoopUtilization();
      busy = performance.eventLoopUtilization(now, seen).utilization >= BUSY;
      [seen, seenMs] = [now, performance.now()];
    }
    return busy;
  };
}
