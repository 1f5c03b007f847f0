import data from './conda.json' with { type: 'json' };

/** A mirror's copy of conda channels. */
export interface CondaCopy {
  /** Id of the mirror in the catalogue. */
  readonly mirror: string;
  /** Date of the last look at `source`: its own help page. */
  readonly checked: string;
  readonly source: string;
  /** Address above the channels: `${cloud}/conda-forge`. */
  readonly cloud: string;
  readonly channels: readonly string[];
  /** Addresses that stand for the channel `defaults`; empty: no copy of them. */
  readonly defaults: readonly string[];
}

/** Mirrors that have conda channels too. */
export const condaCopies: readonly CondaCopy[] = data;
