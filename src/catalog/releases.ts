import { compareVersions, isVersion, satisfies } from '../packaging/version.js';
import type { Sourced } from './devices.js';
import data from './releases.json' with { type: 'json' };

/** A release as it was published: what the index lists wins over it. */
export interface Release extends Sourced {
  readonly version: string;
  /** `3.9`, `3.10`, ... */
  readonly pythons: readonly string[];
  /** Device ids that it was published for. */
  readonly devices: readonly string[];
}

/** A package that releases need beside what they declare. */
export interface Need extends Sourced {
  readonly name: string;
  /** PEP 440 specifier of the package, '' for any. */
  readonly specifier: string;
  /** PEP 440 specifiers of the releases and Pythons that need it. */
  readonly releases: string;
  readonly pythons: string;
  readonly reason: string;
}

/** A defect that installing does not show. */
export interface Defect extends Sourced {
  readonly id: string;
  /** The check of the verification that fails because of it. */
  readonly check: string;
  readonly distribution: string;
  readonly versions: readonly string[];
  readonly text: string;
  readonly remedy: string;
}

/** Known releases in ascending order. */
export const releases = data.releases as readonly Release[];
export const needs = data.needs as readonly Need[];
export const defects = data.defects as readonly Defect[];

/** The release of that version, whatever its spelling (`3.0`, `3.0.0`); undefined for an unknown one and for a text that is no version. */
export function findRelease(version: string): Release | undefined {
  return isVersion(version) ? releases.find((release) => compareVersions(release.version, version) === 0) : undefined;
}

/** Pythons (`3.8` ... ) that any release still to be had was built for, ascending. PaddlePaddle before 2.6 is on no index page for older ones. */
export function supportedPythons(): string[] {
  const all = releases.filter(({ version }) => compareVersions(version, '2.6') >= 0).flatMap(({ pythons }) => pythons);
  return [...new Set(all)].sort(compareVersions);
}

/** What a release needs undeclared on a Python (`3.11`). Nightlies need what the release they lead to needs. */
export function needsOf(version: string, python: string): Need[] {
  return needs.filter(
    (need) =>
      satisfies(version, need.releases, { prereleases: true }) &&
      satisfies(python, need.pythons, { prereleases: true }),
  );
}

/** Known defects of one version of a distribution. */
export function defectsOf(distribution: string, version: string): Defect[] {
  return defects.filter((defect) => defect.distribution === distribution && defect.versions.includes(version));
}
