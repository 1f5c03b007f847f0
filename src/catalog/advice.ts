import data from './advice.json' with { type: 'json' };
import type { Platform, Sourced } from './devices.js';

/** What a vendor's guide asks of the user beside the packages. */
export interface Advice extends Sourced {
  readonly id: string;
  readonly devices: readonly string[];
  readonly platforms: readonly Platform[];
  /** Normalised name: it is told only where the requirements name this project with another specifier than this one (PEP 440); null: always. */
  readonly project: string | null;
  readonly specifier: string;
  readonly text: string;
}

export const advice = data as readonly Advice[];
