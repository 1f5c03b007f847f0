import { setTimeout as sleep } from 'node:timers/promises';
import type { SourceFault } from '../values/source.js';
import { type Found, firstAnswerMs, type Shared } from './asking.js';

/**
 * Limits of the attempts: at a source that stands alone, at several, and at one that others can stand in for. With the waits between them
 * four attempts outlast a server that is away for 4 s while it is started again.
 */
export const patience = {
  alone: [firstAnswerMs.alone, firstAnswerMs.alone, firstAnswerMs.alone, firstAnswerMs.alone],
  several: [firstAnswerMs.oneOfMany, firstAnswerMs.alone, firstAnswerMs.alone, firstAnswerMs.alone],
  replaceable: [firstAnswerMs.oneOfMany, firstAnswerMs.oneOfMany, firstAnswerMs.oneOfMany],
};

/** The longest `Retry-After` (ms) that is waited for; a source that asks for more is not asked again. */
const longestPauseMs = 60_000;

/** Whether a fault may pass by itself; `morePatient`: the next attempt waits longer for an answer. */
function mayPass({ kind, detail, retryAfterMs = 0 }: SourceFault, morePatient: boolean): boolean {
  if (retryAfterMs > longestPauseMs) return false;
  return (
    kind === 'reset' ||
    // No name server answered: that of a busy network drops some of what it is asked.
    (kind === 'dns' && detail.includes('EAI_AGAIN')) ||
    (kind === 'status' && /^status 5/.test(detail)) ||
    (kind === 'timeout' && morePatient)
  );
}

/**
 * Whether a source may be back soon: nobody is there, as while a server or a proxy is started again (a proxy that answers by itself is
 * there), or it asks for a pause.
 */
function isAway({ kind, detail, retryAfterMs }: SourceFault): boolean {
  if (kind === 'banned') return retryAfterMs !== undefined && retryAfterMs <= longestPauseMs;
  return kind === 'refused' || (kind === 'proxy' && /cannot be reached|could not reach/.test(detail));
}

/**
 * Tries again while a fault is one that may pass and nothing `isSettled`, with growing jittered waits, which are at least as long as the
 * sources ask for. `limits`: for each attempt the milliseconds until the header came; a source that was too slow is asked again only with
 * more patience, however dead the others are.
 */
export async function persist(
  { log, signal }: Pick<Shared, 'log' | 'signal'>,
  limits: readonly number[],
  attempt: (limitMs: number) => Promise<Found>,
  isSettled: (faults: readonly SourceFault[]) => boolean = () => false,
): Promise<Found> {
  let found: Found = { pages: [], faults: [] };
  for (const [index, limitMs] of limits.entries()) {
    found = await attempt(limitMs);
    const { pages, faults } = found;
    const next = limits[index + 1];
    if (next === undefined || pages.length > 0 || faults.length === 0 || isSettled(faults)) break;
    // Beside one that is there, nobody waits for those that are away: that would cost every project that it does not have.
    if (!faults.some((fault) => mayPass(fault, next > limitMs)) && !faults.every(isAway)) break;
    const pausing = faults.filter(({ retryAfterMs = 0 }) => retryAfterMs > 0 && retryAfterMs <= longestPauseMs);
    for (const { source, retryAfterMs = 0 } of pausing)
      log.info(`${source} asks for a pause of ${retryAfterMs / 1000} s.`);
    const backOffMs = 250 * 4 ** index * (0.75 + Math.random() / 2);
    const waitMs = Math.max(backOffMs, ...pausing.map(({ retryAfterMs = 0 }) => retryAfterMs));
    await sleep(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
  return found;
}
