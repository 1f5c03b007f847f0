import type { Credentials } from '../values/credentials.js';
import type { StoredFile } from '../values/gateway.js';
import type { HttpClient } from '../values/http.js';
import type { Log } from '../values/log.js';
import type { FileLocation, IndexFile, SourceFault } from '../values/source.js';
import type { Store } from '../values/store.js';
import type { Lane } from './lanes.js';
import type { Want } from './scheduler.js';
import type { Timings } from './timings.js';

/** What the scheduler sees of whatever wants connections. */
export interface Work {
  want(nowMs: number): Want;
  /** Opens a connection on a route of the latest `want`. */
  begin(route: number): void;
  /** The next time (ms) at which a waiting route may be asked; Infinity when none waits. */
  wakeAt(nowMs: number): number;
  /** Bytes that it is going to put on the disk, as far as that is known. */
  unwritten(): number;
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
  /**
   * More places where a file can be had, from sources that were not asked for it yet; null where there is nobody to ask. `failed`: ids of
   * sources that refused it, where others are only slow.
   */
  readonly more: ((file: IndexFile, failed: ReadonlySet<string>) => Promise<readonly FileLocation[]>) | null;
  /** A place that is asked before those of the page, waited for where the file is about to be there; null: there is none. */
  readonly before: ((file: IndexFile) => Promise<FileLocation | null>) | null;
  /** Takes part in the scheduling until it is removed. */
  add(work: Work): void;
  remove(work: Work): void;
  /** Something may be begun: the scheduler looks again. */
  changed(): void;
  /** Bytes that all who take part are going to put on the disk, as far as that is known. */
  unwritten(): number;
  /** Time (`performance.now()`, ms) at which the last bytes came over the network; null: none came so far. */
  lastByteAt(): number | null;
  /** Says that the way out of this machine is waited for; once for all files, until bytes come again. */
  tellOutage(): void;
  /** Bytes that came over the network. */
  count(source: string, bytes: number): void;
  /** A whole file came over the network and is in the store; `faults`: what sources did wrong with it. */
  arrived(stored: StoredFile, file: IndexFile, faults: readonly SourceFault[]): void;
}
