import type { AskLimits } from './ask.js';

/** Sizes in bytes, times in ms. */
export interface Timings {
  readonly segmentBytes: number;
  /** A file below this comes with one request. */
  readonly wholeBelow: number;
  /** The smallest rest that is worth another connection. */
  readonly splitBytes: number;
  /** Connections of one file. */
  readonly connectionsPerFile: number;
  /** Limits of a request while another source could take over, and for the last source that is left. */
  readonly hurried: AskLimits;
  readonly patient: AskLimits;
  /** How long one source alone is waited for with a small part of a file. */
  readonly raceMs: number;
  /** How often progress is told, and other processes that this one is alive. */
  readonly tickMs: number;
  /** How often slow connections are looked for. */
  readonly lookMs: number;
  /** A connection that brought less than this in `slowMs` is given up where another source could take over. */
  readonly slowBytes: number;
  readonly slowMs: number;
  /** How long another process that fetches the same file is waited for after it last wrote some of it. */
  readonly foreignMs: number;
  /** How long after the last byte that came from anywhere a way out of this machine, which worked until then, is waited for. */
  readonly outageMs: number;
}

export const defaultTimings: Timings = {
  segmentBytes: 4 * 2 ** 20,
  wholeBelow: 8 * 2 ** 20,
  splitBytes: 2 ** 19,
  connectionsPerFile: 16,
  hurried: { connectMs: 3000, headersMs: 4000, stallMs: 4000 },
  patient: { connectMs: 10_000, headersMs: 20_000, stallMs: 15_000 },
  raceMs: 300,
  tickMs: 1000,
  lookMs: 200,
  slowBytes: 2 ** 16,
  slowMs: 4000,
  foreignMs: 300_000,
  outageMs: 60_000,
};
