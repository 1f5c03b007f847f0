import type { StoredFile } from './gateway.js';
import type { IndexFile, SourceFault } from './source.js';

/** A file on its way. */
export interface Transfer {
  /** Bytes; known from the page, else from the first answer. Rejects when no source has the file. */
  size(): Promise<number>;
  /**
   * In order, while it arrives; a piece holds until the next one is asked for. Throws WrongBytes when bytes that were handed out turned
   * out wrong, Failure when the file can't be had.
   */
  read(from: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Rejects with one Failure (1) that names each source. Its sha256 is the one seen first where no source publishes one. */
  readonly done: Promise<StoredFile>;
  /** What sources did wrong with this file so far. */
  faults(): readonly SourceFault[];
}

/** A small part of a file, and the length of the whole. */
export interface Slice {
  readonly bytes: Uint8Array;
  readonly total: number;
}

/** Brings files into the store: every source, every connection limit and every fault of a run in one place. */
export interface Transfers {
  /** One transfer a file, however many ask; it starts at once. A file in the store is read from there. */
  get(file: IndexFile): Transfer;
  /** Bytes `[from, to)` by one small range request; no transfer is started. Throws Failure when no source does ranges. */
  slice(file: IndexFile, from: number, to: number, signal: AbortSignal): Promise<Slice>;
  /** METADATA of a wheel (PEP 658), where possible without bringing the wheel; read once, however many ask. Throws Failure. */
  metadata(file: IndexFile, signal: AbortSignal): Promise<Uint8Array>;
  /** Bytes that came over the network, by source id. */
  fetched(): Readonly<Record<string, number>>;
  /** Milliseconds during which bytes came over the network, pauses of up to half a second among them. */
  spentMs(): number;
  /** SHA-256 of the files that came over the network: the store had every other one already. */
  arrived(): ReadonlySet<string>;
  /** What sources did wrong so far, in order. */
  faults(): readonly SourceFault[];
  /** Stops what runs and keeps what has arrived for the next run. */
  close(): Promise<void>;
}
