import type { Sourced } from './devices.js';
import data from './paddle-index.json' with { type: 'json' };

/** PaddlePaddle's own index: `<base><channel>/<folder>/<project>/`. */
export interface PaddleIndex extends Sourced {
  /** With a slash at its end. */
  readonly base: string;
  /** Connections to one of its hosts at a time. */
  readonly connections: number;
  /** Hosts that hold the wheels under the same paths. */
  readonly wheelHosts: readonly ({ readonly id: string; readonly url: string } & Sourced)[];
}

export const paddleIndex: PaddleIndex = data;
