import type { Part } from './editor.js';

/** The mirrors of Docker Hub that a part puts in, in order, addresses without a slash at their end: `{ mirrors: [...] }`. */
export function mirrorsOf(part: Part): readonly string[] {
  const { mirrors } = part;
  if (mirrors === undefined || typeof mirrors === 'string') throw new TypeError('the part has no list of mirrors');
  return mirrors;
}

/** An address as tools compare it: dockerd writes a slash at the end of each. */
export function bare(address: string): string {
  return address.replace(/\/+$/, '');
}

/** Ours in front, then what was there and is not among ours. */
export function merged(ours: readonly string[], there: readonly string[]): string[] {
  return [...ours, ...without(there, ours)];
}

/** What remains of a list when ours are taken out. */
export function without(there: readonly string[], ours: readonly string[]): string[] {
  const known = new Set(ours.map(bare));
  return there.filter((address) => !known.has(bare(address)));
}
