import { createHash } from 'node:crypto';
import type { Lock } from '../../values/lock.js';

/** Bytes and the milliseconds that they took. */
export interface Speed {
  readonly bytes: number;
  readonly ms: number;
}

/** What is to be saved at the end of the job: a lock and its files. Plain JSON, since post reads it from the state. */
export interface GithubSave {
  readonly entry: string;
  readonly key: string;
  readonly files: readonly { readonly sha256: string; readonly filename: string }[];
  /** Sum of the files' sizes. */
  readonly bytes: number;
  /** How fast the files came from indexes and mirrors; it goes into the entry, so that later jobs can compare. Null: not measured. */
  readonly download: Speed | null;
}

/** Name of the entry for one lock: the key, then a digest of which files it names; entries can't be changed once saved. */
export function entryName(lock: Pick<Lock, 'key' | 'files'>): string {
  const files = lock.files.map((file) => file.sha256).sort();
  return `${lock.key}-${createHash('sha256').update(files.join()).digest('hex').slice(0, 12)}`;
}

/** Reads a speed out of JSON; null for anything else, and for too little to say something. */
export function readSpeed(value: unknown): Speed | null {
  const { bytes, ms } = (value ?? {}) as Partial<Record<keyof Speed, unknown>>;
  return typeof bytes === 'number' &&
    typeof ms === 'number' &&
    bytes >= 2 ** 22 &&
    ms > 0 &&
    Number.isFinite(bytes / ms)
    ? { bytes, ms }
    : null;
}

/** Milliseconds for so many bytes at a speed. */
export function timeFor(bytes: number, speed: Speed): number {
  return (bytes * speed.ms) / speed.bytes;
}

function rate({ bytes, ms }: Speed): string {
  return `${(bytes / ms / 1000).toFixed(1)} MB/s`;
}

/** By so much (a ratio) downloading has to be faster to be called so: the same network is not the same twice. */
const margin = 1.25;

/** Says that downloading is clearly faster than restoring; null where it is not, or where one of them was not measured. */
export function downloadIsFaster(download: Speed | null, restore: Speed | null): string | null {
  return download !== null && restore !== null && download.bytes / download.ms > (margin * restore.bytes) / restore.ms
    ? `downloading is faster here: ${rate(download)} against ${rate(restore)}.`
    : null;
}
