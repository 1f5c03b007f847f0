import { Failure } from './failure.js';
import type { StoredFile } from './gateway.js';

/** A file whose bytes are not those its hash names; what was handed out of it must not be used. */
export class WrongBytes extends Error {
  readonly filename: string;
  /** SHA-256 in lower-case hex; `actual` is null where the difference was seen before the whole was there. */
  readonly expected: string;
  readonly actual: string | null;

  constructor(filename: string, expected: string, actual: string | null) {
    super(`${filename}: sha256 is ${actual ?? 'another one'}, not ${expected}`);
    this.name = 'WrongBytes';
    this.filename = filename;
    this.expected = expected;
    this.actual = actual;
  }
}

/** The Failure (1) of a disk without room: what is needed and what is free, in bytes. */
export class DiskFull extends Failure {
  constructor(folder: string, needed: number, free: number, options?: { readonly cause?: unknown }) {
    const problem = {
      where: folder,
      what: `The disk is full: ${mebibytes(needed)} MiB are needed, ${mebibytes(free)} MiB are free.`,
      remedy: 'Free some space, or set `cache-path` to a folder on a larger disk.',
    };
    super(1, [problem], options);
    this.name = 'DiskFull';
  }
}

/** The Failure (1) of a place in a cache that this user may not write: `cause` is what the system says (EACCES, EPERM, EROFS). */
export class NotWritable extends Failure {
  constructor(folder: string, cause: unknown) {
    const problem = {
      where: folder,
      what: `This user may not write there (${String(cause).replace(/^Error: /, '')}): it belongs to another one, such as root in a container, or is read-only.`,
      remedy: 'Give the whole cache folder to this user (`chown -R`), or set `cache-path` to a folder of its own.',
    };
    super(1, [problem], { cause });
    this.name = 'NotWritable';
  }
}

/** The place of an unfinished file. One process holds it at a time. */
export interface PartialFile {
  /** The bytes so far; may be sparse. */
  readonly path: string;
  /** What earlier runs noted about these bytes, in order, an entry that a kill or a power cut left half-written left out; empty where there is nothing to go on with. */
  readonly notes: readonly unknown[];
  /** Notes something (JSON) at once: a kill loses nothing that was noted; nothing is flushed to the disk. Throws what the file system says. */
  note(entry: unknown): void;
  /** Tells other processes that this one is alive. */
  touch(): Promise<void>;
  /** Gives the place up and leaves the bytes for the next run. */
  release(): Promise<void>;
  /** Gives the place up and removes what is there. */
  discard(): Promise<void>;
}

/** Something kept, with its age in milliseconds. */
export interface Kept<T> {
  readonly value: T;
  readonly ageMs: number;
  /** A user other than this one and root could have written it. */
  readonly foreign: boolean;
}

/** The wheel cache: files by their hash, locks by their key, small facts. Safe for several processes at once. */
export interface Store {
  readonly root: string;
  /** Absolute folders that exist. `staging` is on the same file system as the wheels. */
  readonly folders: {
    readonly wheels: string;
    /** What belongs to this user alone: nobody else may write there. */
    readonly own: string;
    /** Programs, in `own`. */
    readonly tools: string;
    readonly locks: string;
    readonly staging: string;
  };
  /** The file, if it is there; its hash is checked when it is read. */
  find(sha256: string, filename: string): Promise<StoredFile | null>;
  /**
   * Bytes from `from` to the end, hashed while they go out: the last piece follows only when the hash of the whole is right.
   * Otherwise the file is dropped and WrongBytes thrown.
   */
  read(file: StoredFile, from: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Hashes the file; when it is wrong the file is dropped and the answer is false. */
  check(file: StoredFile): Promise<boolean>;
  /**
   * Moves a file of the same file system in: flushed, renamed atomically, read-only. `unchecked` bytes are hashed first
   * (WrongBytes when they differ); `hashed` says that the caller has just done so.
   */
  admit(
    path: string,
    file: { readonly sha256: string; readonly filename: string },
    proof: 'hashed' | 'unchecked',
  ): Promise<StoredFile>;
  drop(file: StoredFile): Promise<void>;
  /** Text of `locks/<key>/pylock.toml`, or null. */
  readLock(key: string): Promise<Kept<string> | null>;
  /** Returns the path. */
  writeLock(key: string, text: string): Promise<string>;
  /** A small fact as JSON (`kept/<name>.json`); null where it is missing or unreadable. */
  readFact(name: string): Promise<Kept<unknown> | null>;
  writeFact(name: string, value: unknown): Promise<void>;
  /** METADATA of a wheel (PEP 658), only ever taken from bytes whose hash was checked; null where missing, damaged or another user's. */
  readMetadata(sha256: string): Promise<Uint8Array | null>;
  writeMetadata(sha256: string, metadata: Uint8Array): Promise<void>;
  /** The place for an unfinished file, or null while another living process holds it. */
  partial(key: string): Promise<PartialFile | null>;
  /** When the unfinished file was last written to (ms since the epoch), by whoever holds its place; null where there is none. */
  partialWritten(key: string): Promise<number | null>;
  /** Bytes free for this user where the store lies. */
  free(): Promise<number>;
  /** Reads an error met while writing there: "no space left" becomes DiskFull, told that `needed` bytes were wanted, "not yours" NotWritable; any other comes back as it is. */
  explain(error: unknown, needed: number): Promise<unknown>;
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
