import { readRetryAfter } from '../net/retry-after.js';
import { HttpFault } from '../values/http.js';
import type { FaultKind } from '../values/source.js';

/** Why a source did not bring the bytes asked for. */
export interface Refusal {
  readonly kind: FaultKind;
  /** One line. */
  readonly detail: string;
  readonly remedy: string | null;
  /** What the source asked for by `Retry-After`, ms; null where it did not. */
  readonly retryAfterMs: number | null;
  /** The status by which it refused, where no other kind says it. */
  readonly status?: number;
  /** The hash of the whole that it sent in place of the file. */
  readonly sha256?: string;
}

/** What is done with a source after a refusal: it is left for this file or for the whole run, or asked again after `waitMs`. */
export type Verdict =
  | { readonly leave: 'file' | 'run' }
  | { readonly leave: null; readonly waitMs: number; readonly scope: 'file' | 'host' };

/** A refusal on its way through the code; carries it to the one place that judges. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal, options?: { readonly cause?: unknown }) {
    super(refusal.detail, options);
    this.name = 'Refused';
    this.refusal = refusal;
  }
}

/** A refusal of a kind, as an error to throw. */
export function refused(kind: FaultKind, detail: string, retryAfterMs: number | null = null): Refused {
  return new Refused({ kind, detail, remedy: null, retryAfterMs });
}

/** Reads an error as a refusal; null where it is none (a defect, an abort, the disk). */
export function asRefusal(error: unknown): Refusal | null {
  if (error instanceof Refused) {
    return error.refusal;
  }
  if (error instanceof HttpFault) {
    return { kind: error.kind, detail: error.message, remedy: error.remedy, retryAfterMs: null };
  }
  return null;
}

/** Reads a status that is neither 200 nor 206 (RFC 9110, section 15). */
export function refusedByStatus(status: number, retryAfter: string | undefined, nowMs: number): Refused {
  const wait = readRetryAfter(retryAfter, nowMs);
  if (status === 403 || status === 429 || status === 451) {
    return refused('banned', `answered ${status}`, status === 429 ? (wait ?? 1000) : null);
  }
  if (status === 404 || status === 410) {
    return refused('missing', `answered ${status}`);
  }
  if (status === 407) {
    return refused('proxy', 'the proxy wants a login (407)');
  }
  const retryAfterMs = status === 503 ? wait : null;
  return new Refused({ kind: 'status', detail: `answered ${status}`, remedy: null, retryAfterMs, status });
}

/** The longest `Retry-After` that is waited for, ms; a source that asks for more is left. */
export const LONGEST_WAIT_MS = 60_000;

/** Refusals that another try will not change. */
const FINAL: ReadonlySet<FaultKind> = new Set(['missing', 'stale', 'empty', 'html', 'malformed', 'redirect']);

/**
 * Tries of a source without a byte gained, those that cost a whole time-out and the others: beside another one that could take over, as the
 * last one that is left, and of one that is asked before the others, so that they are not asked by a whole crowd for what soon passes.
 */
const TRIES = {
  beside: { timeout: 3, other: 3 },
  last: { timeout: 2, other: 5 },
  first: { timeout: 3, other: 7 },
} as const;

/**
 * Judges a refusal. `strikes`: refusals in a row by this source for this file without a byte gained, this one counted;
 * `standing`: what it is to the file; `random` in [0, 1) spreads the waits.
 */
export function judge(refusal: Refusal, strikes: number, standing: keyof typeof TRIES, random: number): Verdict {
  const { kind, retryAfterMs } = refusal;
  if (kind === 'wrong-hash' || kind === 'tls') {
    return { leave: 'run' };
  }
  if (FINAL.has(kind) || (kind === 'banned' && retryAfterMs === null)) {
    return { leave: 'file' };
  }
  const most = TRIES[standing][kind === 'timeout' ? kind : 'other'];
  if (strikes > most || (retryAfterMs ?? 0) > LONGEST_WAIT_MS) {
    return { leave: 'file' };
  }
  const backOff = Math.min(8000, 200 * 2 ** strikes) * (0.5 + random);
  const scope = kind === 'refused' || kind === 'dns' || kind === 'proxy' || kind === 'banned' ? 'host' : 'file';
  // Bytes came before it broke: it is asked for the rest at once.
  const waitMs = strikes === 0 && kind === 'reset' ? 0 : Math.max(backOff, retryAfterMs ?? 0);
  return { leave: null, waitMs, scope };
}
