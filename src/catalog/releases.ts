import { compareVersions, isVersion, satisfies } from '../packaging/version.js';
import type { Platform, Sourced } from './devices.js';
import data from './releases.json' with { type: 'json' };

/** Files of a release: there is one for each of the devices on each of the platforms for each of the Pythons. */
export interface Published extends Sourced {
  /** Device ids; of a plug-in the release is the plug-in's own. */
  readonly devices: readonly string[];
  readonly platforms: readonly Platform[];
  /** `3.9`, `3.10`, ... */
  readonly pythons: readonly string[];
  /** The index that would have the files was read and did not list them: without an index only a wish by name takes it. */
  readonly unlisted?: true;
}

/** A release as it was published: what the index lists wins over it. */
export interface Release {
  readonly version: string;
  readonly builds: readonly Published[];
}

/** A package that releases need beside what they declare. */
export interface Need extends Sourced {
  readonly name: string;
  /** PEP 440 specifier of the package, '' for any. */
  readonly specifier: string;
  /** Device ids that need it; null: all. */
  readonly devices: readonly string[] | null;
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

/** Devices that a release was published for. */
export function devicesOf({ builds }: Release): string[] {
  return [...new Set(builds.flatMap(({ devices }) => devices))];
}

/** One combination that was published. */
export interface Combination {
  readonly version: string;
  readonly device: string;
  readonly platform: Platform;
  readonly python: string;
  readonly unlisted: boolean;
  readonly source: string;
}

/** Everything that was ever published (for these devices alone), one entry for each release, device, platform and Python; releases ascending. */
export function combinations(devices: readonly string[] | null = null): Combination[] {
  return releases.flatMap(({ version, builds }) =>
    builds.flatMap((build) =>
      build.devices
        .filter((device) => devices?.includes(device) ?? true)
        .flatMap((device) =>
          build.platforms.flatMap((platform) =>
            build.pythons.map((python) => ({
              ...{ version, device, platform, python },
              unlisted: build.unlisted ?? false,
              source: build.source,
            })),
          ),
        ),
    ),
  );
}

/** Pythons (`3.8` ... ) that any release still to be had was built for, ascending. PaddlePaddle before 2.6 is on no index page for older ones. */
export function supportedPythons(): string[] {
  const current = combinations().filter(({ version }) => compareVersions(version, '2.6') >= 0);
  return [...new Set(current.map(({ python }) => python))].sort(compareVersions);
}

/** What a release for a device needs undeclared on a Python (`3.11`). Nightlies need what the release they lead to needs. */
export function needsOf(device: string, version: string, python: string): Need[] {
  return needs.filter(
    (need) =>
      (need.devices?.includes(device) ?? true) &&
      satisfies(version, need.releases, { prereleases: true }) &&
      satisfies(python, need.pythons, { prereleases: true }),
  );
}

/** Known defects of one version of a distribution. */
export function defectsOf(distribution: string, version: string): Defect[] {
  return defects.filter((defect) => defect.distribution === distribution && defect.versions.includes(version));
}
