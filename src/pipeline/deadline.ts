import { Failure } from '../values/failure.js';

/** The one deadline and the one abort signal of a run. */
export interface Deadline {
  /** Aborted when the time is over or the user wants to stop. */
  readonly signal: AbortSignal;
  /** Milliseconds that are left, never negative. */
  remainingMs(): number;
  /** What an aborted signal means to the user; null where it was not aborted. `doing` is the step that was under way. */
  failure(doing: string): Failure | null;
}

/** Starts the deadline of `timeout-minutes`, beside the user's own wish to stop. */
export function startDeadline(timeoutMs: number, stop: AbortSignal): Deadline {
  const end = performance.now() + timeoutMs;
  const time = AbortSignal.timeout(timeoutMs);
  return {
    signal: AbortSignal.any([stop, time]),
    remainingMs: () => Math.max(0, end - performance.now()),
    failure(doing) {
      if (stop.aborted) {
        return new Failure(1, [
          {
            where: 'stopped',
            what: `The run was stopped while it did: ${doing}.`,
            remedy: 'What has arrived is kept; run it again to go on.',
          },
        ]);
      }
      if (!time.aborted) return null;
      const minutes = timeoutMs / 60_000;
      return new Failure(1, [
        {
          where: 'timeout-minutes',
          what: `The ${minutes} minutes were over while it did: ${doing}.`,
          remedy: 'What has arrived is kept, so a second run goes on from there; or give it more time.',
        },
      ]);
    },
  };
}
