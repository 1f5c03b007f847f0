import { crc32, inflateRawSync } from 'node:zlib';
import { refused } from './refusal.js';

/** Reads bytes `[from, to)` of an archive. */
export type ReadRange = (from: number, to: number) => Promise<Uint8Array>;

/** One file of an archive, as the central directory tells it. Sizes in bytes. */
interface Entry {
  readonly name: string;
  readonly method: number;
  readonly encrypted: boolean;
  readonly crc: number;
  readonly packed: number;
  readonly unpacked: number;
  readonly offset: number;
}

/** The end record with the longest comment, the locator of ZIP64 before it, and in most wheels METADATA too: a large wheel has more files to list. */
const TAIL = { least: 2 ** 17, most: 2 ** 19, share: 1 / 256 };
/** The extra field of a file header, beyond which a second look is taken: a few timestamps and lengths. */
const EXTRA = 64;
const LARGEST_DIRECTORY = 2 ** 26;
const LARGEST_ENTRY = 2 ** 24;

/**
 * Unpacks the one file of a zip archive that `wanted` accepts, from its end and without reading the rest (APPNOTE.TXT 4.3, ZIP64
 * included). Throws Refused (`malformed`) when the archive is damaged, the file is missing, or it would grow past 16 MiB.
 */
export async function readZipEntry(
  size: number,
  read: ReadRange,
  wanted: (name: string) => boolean,
): Promise<Uint8Array> {
  const start = Math.max(0, size - Math.min(TAIL.most, Math.max(TAIL.least, Math.ceil(size * TAIL.share))));
  const tail = view(await read(start, size));
  const near: ReadRange = async (from, to) => {
    if (from < 0 || to > size || from > to) {
      throw bad('points outside itself');
    }
    const own = tail.subarray(Math.max(0, from - start), Math.max(0, to - start));
    return from >= start ? own : Buffer.concat([await read(from, Math.min(to, start)), own]);
  };
  const directory = await readDirectory(size, tail, near);
  const entry = [...entriesOf(directory)].find((e) => wanted(e.name));
  if (entry === undefined) {
    throw bad('lacks the file that was looked for');
  }
  if (
    entry.encrypted ||
    (entry.method !== 0 && entry.method !== 8) ||
    entry.unpacked > LARGEST_ENTRY ||
    entry.packed > LARGEST_ENTRY
  ) {
    throw bad(`packs ${entry.name} in a way that no wheel does`);
  }
  return unpack(entry, near, size);
}

async function readDirectory(size: number, tail: Buffer, read: ReadRange): Promise<Buffer> {
  let at = tail.length - 22;
  while (at >= 0 && !(tail.readUInt32LE(at) === 0x06054b50 && at + 22 + tail.readUInt16LE(at + 20) === tail.length)) {
    at -= 1;
  }
  if (at < 0) {
    throw bad('has no end record');
  }
  let [length, offset] = [tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)];
  if (at >= 20 && tail.readUInt32LE(at - 20) === 0x07064b50) {
    const record = number(tail, at - 12);
    const end = view(await read(record, record + 56));
    if (end.readUInt32LE(0) !== 0x06064b50) {
      throw bad('has no ZIP64 end record where it should be');
    }
    [length, offset] = [number(end, 40), number(end, 48)];
  }
  if (length > LARGEST_DIRECTORY || offset + length > size) {
    throw bad('has a directory that reaches past its end');
  }
  return view(await read(offset, offset + length));
}

function* entriesOf(directory: Buffer): Generator<Entry> {
  for (let at = 0; at < directory.length; ) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== 0x02014b50) {
      throw bad('has a damaged directory');
    }
    const [nameLength, extraLength] = [directory.readUInt16LE(at + 28), directory.readUInt16LE(at + 30)];
    const extraAt = at + 46 + nameLength;
    const next = extraAt + extraLength + directory.readUInt16LE(at + 32);
    if (next > directory.length) {
      throw bad('has a damaged directory');
    }
    const wide = wideFields(directory.subarray(extraAt, extraAt + extraLength));
    const field = (value: number): number => (value === 0xffffffff ? (wide.shift() ?? value) : value);
    // The ZIP64 field holds only what does not fit, in this order.
    const unpacked = field(directory.readUInt32LE(at + 24));
    const packed = field(directory.readUInt32LE(at + 20));
    const offset = field(directory.readUInt32LE(at + 42));
    yield {
      name: directory.toString('utf8', at + 46, extraAt),
      method: directory.readUInt16LE(at + 10),
      encrypted: (directory.readUInt16LE(at + 8) & 1) === 1,
      crc: directory.readUInt32LE(at + 16),
      packed,
      unpacked,
      offset,
    };
    at = next;
  }
}

function wideFields(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length; ) {
    const [id, length] = [extra.readUInt16LE(at), extra.readUInt16LE(at + 2)];
    if (id === 1 && at + 4 + length <= extra.length) {
      return Array.from({ length: Math.floor(length / 8) }, (_, index) => number(extra, at + 4 + index * 8));
    }
    at += 4 + length;
  }
  return [];
}

async function unpack(entry: Entry, read: ReadRange, size: number): Promise<Uint8Array> {
  // Header and content in one request: each one more would cost a round trip.
  const guess = entry.offset + 30 + Buffer.byteLength(entry.name) + EXTRA + entry.packed;
  const header = view(await read(entry.offset, Math.min(size, guess)));
  if (header.length < 30 || header.readUInt32LE(0) !== 0x04034b50) {
    throw bad('has a damaged file header');
  }
  // The lengths here are the header's own: its extra field may be another than the directory's.
  const from = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  const there = header.subarray(from - entry.offset, from - entry.offset + entry.packed);
  const packed = there.length === entry.packed ? there : await read(from, from + entry.packed);
  const bytes = entry.method === 0 ? packed : inflate(packed, entry.unpacked);
  if (bytes.length !== entry.unpacked || crc32(bytes) !== entry.crc) {
    throw bad(`has a damaged ${entry.name}`);
  }
  return bytes;
}

function inflate(packed: Uint8Array, limit: number): Uint8Array {
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, limit) });
  } catch (error) {
    throw bad(`can't be unpacked (${String(error)})`);
  }
}

function number(buffer: Buffer, at: number): number {
  const value = buffer.readBigUInt64LE(at);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw bad('has a length that no file has');
  }
  return Number(value);
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function bad(what: string): Error {
  return refused('malformed', `the archive ${what}`);
}
