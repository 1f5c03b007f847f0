import type { Refusal } from './refusal.js';
import { type FileRoute, isAlive } from './routes.js';

/** So many times as fast has a connection to another source to be. Below that it would cost the others bytes that they need not send. */
const FASTER = 4;
/** Rests that come sooner than this (ms) are left where they are. */
const LONG_MS = 10_000;

/**
 * Whether a source that is asked alone is left alone with the `missing` bytes of a file. `try`: it is slow, and nobody knows yet how fast
 * another one is, so that one connection finds out, once in a run; `join`: another one was seen to be several times as fast.
 */
export function weighFirst(routes: readonly FileRoute[], missing: number): 'alone' | 'try' | 'join' {
  const useful = routes.filter((route) => isAlive(route) && !route.suspected);
  const first = useful.find(({ lane }) => lane.first);
  const others = useful.filter(({ lane }) => !lane.first);
  const rate = first?.lane.rate ?? null;
  // Nothing is under way where it is waited for after trouble, and nothing can be told from that.
  if (first === undefined || first.mine === 0 || rate === null || others.length === 0) return 'alone';
  if ((missing * 1000) / (rate * first.mine) < LONG_MS) return 'alone';
  if (others.some(({ lane }) => (lane.rate ?? 0) >= rate * FASTER)) return 'join';
  return others.every(({ lane }) => lane.rate === null && lane.active === 0) ? 'try' : 'alone';
}

/**
 * Whether others take part from now on, after a refusal of one that is asked alone. What passes soon is waited for: a pause that it asks for,
 * unless it is long, and all of our own pauses between two tries.
 */
export function isGivenUp(first: FileRoute, refusal: Refusal): boolean {
  return !isAlive(first) || refusal.kind === 'slow' || (refusal.retryAfterMs ?? 0) > LONG_MS;
}
