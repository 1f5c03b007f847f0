import type { Candidate, Draft } from '../values/plan.js';
import type { Offer } from './offers.js';
import { answers } from './wish.js';

/** The release that is installed: of the distribution, and of the plug-in beside it. */
export interface Chosen {
  readonly version: string;
  readonly plugin: string | null;
  /** The two were only built around the same time: nobody says that they work together. */
  readonly guessed: boolean;
}

/** The night of a nightly, `20260901`; null for a release. */
function nightOf(version: string): string | null {
  return /\.(?:dev|post)(\d{8})(?!\d)/.exec(version)?.[1] ?? null;
}

/** The newest build of the distribution that was there when the plug-in was built. */
function builtBefore(plugin: string, base: readonly Offer[]): string | null {
  const night = nightOf(plugin);
  const earlier = base.filter(({ version }) => night !== null && (nightOf(version) ?? '9') <= night);
  return earlier[0]?.version ?? null;
}

/**
 * Pairs of a plug-in and the one release of the distribution that it works with, in the order of `plugins`: the catalogue's
 * companion, else the same version. Nightlies of plug-ins carry numbers of their own (`3.3.0.dev20251224` is made with
 * `3.4.0.dev20251223` of the distribution), so they end the list with what was built before them.
 */
export function makePairs(
  { companions }: Candidate,
  base: readonly Offer[],
  plugins: readonly Offer[],
  channel: Draft['channel'],
): Chosen[] {
  const there = new Set(base.map(({ version }) => version));
  const exact = plugins
    .map(({ version }) => ({ version: companions[version] ?? version, plugin: version, guessed: false }))
    .filter(({ version }) => there.has(version));
  const guessed = plugins.flatMap(({ version: plugin }) => {
    const version = channel === 'nightly' && !there.has(plugin) ? builtBefore(plugin, base) : null;
    return version === null ? [] : [{ version, plugin, guessed: true }];
  });
  return [...exact, ...guessed];
}

/**
 * Whether a release answers a candidate. A wish for a pair may be for either side's version, since a plug-in counts its own; a
 * requirement by name binds the side that it names.
 */
export function isWished({ version, plugin }: Chosen, candidate: Candidate, preReleases: boolean): boolean {
  const { specifier, companions, pair } = candidate;
  const holds = (one: string, clauses: string): boolean => answers(one, clauses, preReleases);
  if (plugin === null || pair === null) {
    return holds(version, specifier);
  }
  const companion = companions[plugin] === version && holds(version, specifier);
  const bound = (one: string, clauses: string): boolean => clauses === '' || answers(one, clauses, true);
  return (holds(plugin, specifier) || companion) && bound(version, pair.distribution) && bound(plugin, pair.plugin);
}
