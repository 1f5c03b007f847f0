import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { inDiskTurn } from '../process/disk-turns.js';
import { type Store, WrongBytes } from '../values/store.js';
import type { Bell } from './bell.js';

/** Bytes at the end of a file that are held back until its hash is right: no installer gets a whole wrong file. */
const HELD_BACK = 2 ** 16;
const READ = 2 ** 17;
/** How long (ms) less than `READ` bytes wait for more: each piece on its own would cost the processor as much as a large one. */
const GATHER_MS = 20;
/** Bytes hashed at a time. */
const HASHED = 2 ** 18;

/** How far a file has come, as its readers see it. */
export interface Extent {
  /** Everything before it is on the disk. */
  front(): number;
  size(): number | null;
  /** The hash of the whole is right. */
  verified(): boolean;
}

/** An unfinished file on the disk that is written and read at the same time. */
export interface DiskFile {
  /**
   * Writes pieces one after the other from `at` on and gives their length; where older bytes lie up to `compareTo` they are compared, and
   * readers that were handed other ones are broken.
   */
  write(pieces: readonly Uint8Array[], at: number, compareTo: number): Promise<number>;
  /**
   * In order, while it arrives; a piece holds until the next one is asked for. Throws WrongBytes when bytes already handed out turned
   * out to be others.
   */
  read(from: number, signal: AbortSignal): AsyncGenerator<Uint8Array>;
  /** SHA-256 of the whole, taken while it arrives; starts over whenever `restart` was called. */
  hash(signal: AbortSignal): Promise<string>;
  restart(): void;
  /** Whoever reads was told of a file of another length. */
  breakReaders(): void;
  /** Ends the file at `size` bytes: what an earlier run left behind there was of another, longer one. */
  cut(size: number): Promise<void>;
  /** How many times a rewritten byte was another one. */
  differences(): number;
  /** The handle is closed when the last reader has left. */
  close(): Promise<void>;
}

/** Opens the bytes of a partial file. `failed` is what readers get when the file can't be had, or null; `explain` reads an error met while writing. */
export async function openDiskFile(
  path: string,
  filename: string,
  expected: string | null,
  extent: Extent,
  bell: Bell,
  failed: () => unknown,
  explain: Store['explain'],
): Promise<DiskFile> {
  const handle = await open(path, 'r+');
  const readers = new Set<{ position: number; broken: boolean }>();
  let differences = 0;
  let restarts = 0;
  let closing = false;

  const closeWhenIdle = async (): Promise<void> => {
    if (closing && readers.size === 0) {
      await handle.close();
    }
  };
  const visible = (): number => {
    const size = extent.size();
    return size !== null && extent.verified()
      ? size
      : Math.min(extent.front(), Math.max(0, (size ?? extent.front()) - HELD_BACK));
  };
  const readAt = async (buffer: Buffer, length: number, position: number): Promise<Buffer> => {
    const { bytesRead } = await inDiskTurn('bytes', () => handle.read(buffer, 0, length, position));
    if (bytesRead === 0) {
      throw new Error(`${path} became shorter while it was used`);
    }
    return buffer.subarray(0, bytesRead);
  };
  const compare = async (bytes: Uint8Array, at: number, length: number): Promise<void> => {
    const old = await readAt(Buffer.allocUnsafe(length), length, at);
    const fresh = Buffer.from(bytes.buffer, bytes.byteOffset, old.length);
    if (old.equals(fresh)) {
      return;
    }
    differences += 1;
    const first = at + fresh.findIndex((byte, index) => byte !== old[index]);
    for (const reader of readers) {
      reader.broken ||= reader.position > first;
    }
  };

  return {
    write: async (pieces, at, compareTo) => {
      const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
      if (compareTo > at) {
        await compare(Buffer.concat(pieces), at, Math.min(length, compareTo - at));
      }
      try {
        for (let [rest, done] = [pieces, 0]; done < length; ) {
          const left = rest;
          const position = at + done;
          const { bytesWritten } = await inDiskTurn('bytes', () => handle.writev(left, position));
          done += bytesWritten;
          rest = done < length ? [Buffer.concat(pieces).subarray(done)] : [];
        }
      } catch (error) {
        throw await explain(error, Math.max(length, (extent.size() ?? 0) - extent.front()));
      }
      return length;
    },
    read: async function* (from, signal) {
      const reader = { position: from, broken: false };
      const buffer = Buffer.allocUnsafeSlow(READ);
      readers.add(reader);
      try {
        for (let gathered = false; ; ) {
          if (reader.broken) {
            throw new WrongBytes(filename, expected ?? 'the one seen first', null);
          }
          const end = visible();
          if (reader.position < end && end - reader.position < READ && !gathered && !extent.verified()) {
            gathered = true;
            await sleep(GATHER_MS);
            signal.throwIfAborted();
          } else if (reader.position < end) {
            gathered = false;
            const length = Math.min(READ, end - reader.position);
            const piece = await readAt(buffer, length, reader.position);
            reader.position += piece.length;
            yield piece;
          } else if (extent.verified()) {
            return;
          } else if (failed() !== null) {
            throw failed();
          } else {
            await bell.wait(signal);
          }
        }
      } finally {
        readers.delete(reader);
        await closeWhenIdle();
      }
    },
    hash: async (signal) => {
      const buffer = Buffer.allocUnsafeSlow(HASHED);
      let [round, position, hash] = [restarts, 0, createHash('sha256')];
      for (;;) {
        const front = extent.front();
        if (round !== restarts) {
          [round, position, hash] = [restarts, 0, createHash('sha256')];
        } else if (front - position >= HASHED || (position < front && front === extent.size())) {
          const piece = await readAt(buffer, Math.min(HASHED, front - position), position);
          if (round === restarts) {
            hash.update(piece);
            position += piece.length;
          }
        } else if (position === extent.size()) {
          return hash.digest('hex');
        } else {
          await bell.wait(signal);
        }
      }
    },
    restart: () => {
      restarts += 1;
    },
    breakReaders: () => {
      for (const reader of readers) {
        reader.broken = true;
      }
    },
    cut: (size) => inDiskTurn('bytes', () => handle.truncate(size)),
    differences: () => differences,
    close: async () => {
      closing = true;
      await closeWhenIdle();
    },
  };
}
