import type { SourceFault } from '../values/source.js';

/** One source in a race. */
export interface Entrant<T> {
  /** Milliseconds that the one before it runs alone; it starts at once when everything before it has failed. */
  readonly gapMs: number;
  run(signal: AbortSignal): Promise<T | SourceFault>;
}

/** Who won, or null, and every fault that was met until then. */
export interface Outcome<T> {
  readonly won: T | null;
  readonly faults: readonly SourceFault[];
}

/** Tells a fault from a page or anything else that a source gives. */
export function isFault(result: unknown): result is SourceFault {
  return typeof result === 'object' && result !== null && 'kind' in result && 'detail' in result;
}

/**
 * Asks sources one after another with head starts, and takes the first good answer; the others are aborted. So a dead source costs its
 * head start, and a good first one spares the rest the question. `enough` ends the race without a winner when the faults so far settle
 * the matter. Rejects with the signal's reason.
 */
export function race<T>(
  entrants: readonly Entrant<T>[],
  enough: (faults: readonly SourceFault[]) => boolean,
  signal: AbortSignal,
): Promise<Outcome<T>> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const faults: SourceFault[] = [];
  let next = 0;
  let running = 0;
  let timer: NodeJS.Timeout | undefined;
  const settled = new Promise<Outcome<T>>((resolve, reject) => {
    const start = () => {
      clearTimeout(timer);
      const entrant = entrants[next];
      if (entrant === undefined) {
        if (running === 0) resolve({ won: null, faults });
        return;
      }
      next += 1;
      running += 1;
      const following = entrants[next];
      if (following !== undefined) timer = setTimeout(start, following.gapMs);
      entrant.run(either).then((result) => {
        running -= 1;
        if (!isFault(result)) return resolve({ won: result, faults });
        faults.push(result);
        if (enough(faults)) return resolve({ won: null, faults });
        return running === 0 ? start() : undefined;
      }, reject);
    };
    start();
  });
  return settled.finally(() => {
    clearTimeout(timer);
    over.abort();
  });
}

/**
 * Asks sources at once. When one has given a good answer the others are waited for as long again, at least `leastMs` milliseconds; who
 * has not answered by then is aborted, and null stands in its place. Rejects with the signal's reason.
 */
export async function gather<T>(
  runs: readonly Entrant<T>['run'][],
  leastMs: number,
  signal: AbortSignal,
): Promise<readonly (T | SourceFault | null)[]> {
  const begun = performance.now();
  const enough = new AbortController();
  const either = AbortSignal.any([signal, enough.signal]);
  let timer: NodeJS.Timeout | undefined;
  const answers = runs.map(async (run) => {
    try {
      const result = await run(either);
      if (!isFault(result)) timer ??= setTimeout(() => enough.abort(), Math.max(leastMs, performance.now() - begun));
      return result;
    } catch (error) {
      if (signal.aborted || !enough.signal.aborted) throw error;
      return null;
    }
  });
  try {
    return await Promise.all(answers);
  } finally {
    clearTimeout(timer);
  }
}
