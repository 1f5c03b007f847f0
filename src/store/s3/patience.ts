import { setTimeout as sleep } from 'node:timers/promises';
import { HttpFault } from '../../values/http.js';
import type { Log } from '../../values/log.js';
import type { S3Refusal } from './refusal.js';

/** Says of a refusal, after a wait, whether what was refused is worth another try. */
export type Again = (refusal: S3Refusal) => Promise<boolean>;

/** How long a store is believed in that gives trouble. */
export interface Patience {
  /** It has served. */
  served(): void;
  /** Begins something that may need several tries. */
  begin(signal: AbortSignal): Again;
}

/** Trouble that may pass, with the tries that it gets of a store that has not served yet. A silent one has cost its whole time limit each time. */
const tries = { busy: 4, broken: 4, silent: 2, unreachable: 1 } as const;

/** The longest wait between two tries, in first waits. */
const LONGEST = 16;
/** Trouble that lasts longer than this (ms) is told. */
const TELL_MS = 3_000;

/** What of a store's trouble may pass (Amazon S3 API Reference, "Error Responses"); null where another try will not change it. */
function troubleOf({ status, code, cause }: S3Refusal): keyof typeof tries | null {
  if (status === 429 || status === 503) return 'busy';
  if (status === 500 || status === 502 || status === 504 || code === 'RequestTimeout') return 'broken';
  if (!(cause instanceof HttpFault)) return null;
  if (cause.kind === 'reset') return 'broken';
  if (cause.kind === 'timeout') return 'silent';
  return cause.kind === 'refused' || cause.kind === 'dns' || cause.kind === 'proxy' ? 'unreachable' : null;
}

/**
 * Patience with a store that many ask at the same time: one that has served before, or said that it has too much to do, is asked again for
 * `patienceMs`. A crowd that left it at the first trouble would bring everything from the mirrors, once for each job. `backOffMs`: the
 * first wait.
 */
export function openPatience(name: string, backOffMs: number, patienceMs: number, log: Pick<Log, 'info'>): Patience {
  /** It has served, or said that it has too much to do. */
  let isThere = false;
  /** Since when (`performance.now`) it has not served; null: it does. */
  let troubledAt: number | null = null;
  let told = false;
  return {
    served: () => {
      [isThere, troubledAt, told] = [true, null, false];
    },
    begin: (signal) => {
      let attempt = 0;
      let first: number | null = null;
      return async (refusal) => {
        attempt += 1;
        const trouble = troubleOf(refusal);
        if (trouble === null) return false;
        const now = performance.now();
        first ??= now;
        troubledAt ??= now;
        // What others are given at the same time does not help one that never gets anything.
        const lastedMs = now - Math.min(first, troubledAt);
        isThere ||= trouble === 'busy';
        const alive = isThere && lastedMs < patienceMs;
        if (attempt >= tries[trouble] && !alive) return false;
        if (alive && lastedMs > TELL_MS && !told) {
          told = true;
          log.info(`${name} gives trouble: ${refusal.message}. It is asked again for ${patienceMs / 1000} s.`);
        }
        const wait = backOffMs * Math.min(LONGEST, 2 ** (attempt - 1)) * (0.5 + Math.random());
        await sleep(wait, undefined, { signal });
        return true;
      };
    },
  };
}
