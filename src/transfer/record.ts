import { uptime } from 'node:os';
import type { Piece } from './segments.js';

/** Which copy of a file without a published hash is being fetched: bytes of another one must not be mixed in. */
export interface Identity {
  readonly source: string;
  /** Strong ETag or Last-Modified; empty where the source tells none: nothing says whether a later answer is of the same copy. */
  readonly validator: string;
}

/**
 * What is noted beside a partial file, so that a later run goes on where this one stopped: the whole of it whenever more than the bytes
 * has changed, and after it `[from, to)` of each write as two numbers.
 */
export interface PartialRecord {
  readonly version: 1;
  readonly size: number;
  readonly sha256: string | null;
  readonly identity: Identity | null;
  readonly pieces: readonly Piece[];
  /** When the machine was started (ms since the epoch): what was not flushed to the disk may be lost since then. */
  readonly bootedMs: number;
}

/** Stands for the bytes of an earlier run: they are the first to be doubted when the hash of the whole is wrong. */
export const KEPT = '(kept)';

/** The same start of the machine, read twice from its clock and its uptime. */
const SAME_BOOT_MS = 5000;

/** When the machine was started, ms since the epoch. */
export function bootTime(): number {
  return Math.round(Date.now() - uptime() * 1000);
}

/**
 * Reads the notes of an earlier run for a file of this hash; null when there is none to go on with: malformed, of another hash, or of
 * a file without hash whose copy can't be told or whose bytes a restart of the machine (`bootedMs` is another) may have damaged.
 * Pieces that reach past `onDisk` bytes are cut there.
 */
export function readRecord(
  notes: readonly unknown[],
  sha256: string | null,
  onDisk: number,
  bootedMs: number,
): PartialRecord | null {
  const at = notes.findLastIndex((note) => !isWrite(note));
  const value = notes[at];
  if (!isObject(value) || value['version'] !== 1 || value['sha256'] !== sha256 || !isCount(value['size'])) {
    return null;
  }
  const identity = readIdentity(value['identity']);
  const sameBoot = isCount(value['bootedMs']) && Math.abs(value['bootedMs'] - bootedMs) < SAME_BOOT_MS;
  if (!Array.isArray(value['pieces']) || (sha256 === null && (!identity?.validator || !sameBoot))) {
    return null;
  }
  const source = sha256 === null && identity !== null ? identity.source : KEPT;
  const writes = notes.slice(at + 1).filter(isWrite);
  const pieces = [...value['pieces'], ...writes.map(([from, to]) => ({ from, to }))].flatMap(
    (piece: unknown): Piece[] => {
      if (!isObject(piece) || !isCount(piece['from']) || !isCount(piece['to'])) {
        return [];
      }
      return [{ source, from: piece['from'], to: Math.min(piece['to'], onDisk) }];
    },
  );
  return { version: 1, size: value['size'], sha256, identity, pieces: pieces.filter((p) => p.from < p.to), bootedMs };
}

function isWrite(note: unknown): note is readonly [number, number] {
  return Array.isArray(note) && note.length === 2 && note.every(isCount);
}

function readIdentity(value: unknown): Identity | null {
  if (!isObject(value) || typeof value['source'] !== 'string' || typeof value['validator'] !== 'string') {
    return null;
  }
  return { source: value['source'], validator: value['validator'] };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
