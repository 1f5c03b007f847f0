import type { Store } from '../store/store.js';
import type { StoredFile } from '../values/gateway.js';
import type { HttpClient } from '../values/http.js';
import type { Log } from '../values/log.js';
import type { Credentials } from '../values/request.js';
import type { FileLocation, SourceFault } from '../values/source.js';
import type { Lane } from './lanes.js';
import type { Want } from './scheduler.js';
import type { Timings } from './timings.js';

/** A file on its way. */
export interface Transfer {
  /** Bytes; known from the page, else from the first answer. Rejects when no source has the file. */
  size(): Promise<number>;
  /** In order, while it arrives. Throws WrongBytes when bytes that were handed out turned out wrong, Failure when the file can't be had. */
  read(from: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Rejects with one Failure (1) that names each source. Its sha256 is the one seen first where no source publishes one. */
  readonly done: Promise<StoredFile>;
  /** What sources did wrong with this file so far. */
  faults(): readonly SourceFault[];
}

/** What the scheduler sees of whatever wants connections. */
export interface Work {
  want(nowMs: number): Want;
  /** Opens a connection on a route of the latest `want`. */
  begin(route: number): void;
  /** The next time (ms since the epoch) at which a waiting route may be asked; Infinity when none waits. */
  wakeAt(nowMs: number): number;
}

/** What the transfers of a run share. */
export interface Surroundings {
  readonly client: HttpClient;
  readonly store: Store;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly timings: Timings;
  lane(location: FileLocation): Lane;
  credentials(location: FileLocation): Credentials | null;
  /** Takes part in the scheduling until it is removed. */
  add(work: Work): void;
  remove(work: Work): void;
  /** Something may be begun: the scheduler looks again. */
  changed(): void;
  /** Bytes that came over the network. */
  count(source: string, bytes: number): void;
}
