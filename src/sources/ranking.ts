import type { Source } from '../values/source.js';
import type { Probe } from './probe.js';

/** A ranking as it is kept between runs, so that a later one does not probe. */
export interface KeptRanking {
  readonly schema: 1;
  /** RFC 3339. */
  readonly measured: string;
  /** The first choice was slow: several sources are asked for each page. */
  readonly wide: boolean;
  /** Best first. */
  readonly order: readonly { readonly id: string; readonly url: string }[];
}

const keptForMs = 24 * 3600 * 1000;
/** About what an installation brings beside one large wheel: weighs latency against throughput. */
const weighedBytes = 32 * 1024 * 1024;

/** A first choice of at most this many milliseconds to a page and at least this many bytes a second is left alone: no mirror is probed. */
export const fastEnough = { ms: 1000, bytesPerSecond: 1024 * 1024 };

/** Milliseconds in which a source would bring a typical installation; infinite for one that failed. */
export function expectedMs({ ms, bytesPerSecond, fault }: Probe): number {
  if (ms === null || fault !== null) return Number.POSITIVE_INFINITY;
  return ms + (weighedBytes * 1000) / (bytesPerSecond ?? fastEnough.bytesPerSecond);
}

/**
 * Best first by what was measured; of several that answered from one host only the fastest stays in front, the others follow behind
 * everything that answered. Sources that were not probed keep their order after those, failed ones come last.
 */
export function rankSources(sources: readonly Source[], probes: readonly Probe[]): Source[] {
  const sorted = [...probes].sort((a, b) => expectedMs(a) - expectedMs(b));
  const hosts = new Set<string>();
  const place = new Map<Source, number>();
  for (const one of sorted) {
    const place1 = one.fault !== null ? 3 : one.host !== null && hosts.has(one.host) ? 1 : 0;
    if (one.host !== null) hosts.add(one.host);
    place.set(one.source, place1);
  }
  const probed = sorted.map(({ source }) => source);
  const all = [...probed, ...sources.filter((source) => !place.has(source))];
  return all.sort((a, b) => (place.get(a) ?? 2) - (place.get(b) ?? 2));
}

/** The kept ranking, if it is one, at most a day old and its first source still takes part under the same address; else null. */
export function readRanking(kept: unknown, sources: readonly Source[], now: number): KeptRanking | null {
  const { schema, measured, wide, order } = (kept ?? {}) as Partial<KeptRanking>;
  if (schema !== 1 || typeof measured !== 'string' || typeof wide !== 'boolean' || !Array.isArray(order)) return null;
  const age = now - Date.parse(measured);
  const [best] = order as KeptRanking['order'];
  if (!(age >= 0 && age < keptForMs) || best === undefined) return null;
  return sources.some(({ id, url }) => id === best.id && url === best.url) ? { schema, measured, wide, order } : null;
}

/** Puts sources into the kept order; those that it does not name follow. */
export function applyRanking(sources: readonly Source[], kept: KeptRanking): Source[] {
  const at = ({ id, url }: Source) => {
    const index = kept.order.findIndex((one) => one.id === id && one.url === url);
    return index < 0 ? kept.order.length : index;
  };
  return [...sources].sort((a, b) => at(a) - at(b));
}
