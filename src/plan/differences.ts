import { devicesOf, releases } from '../catalog/releases.js';
import { compareVersions, isPreRelease } from '../packaging/version.js';
import type { Interpreter } from '../values/interpreter.js';
import type { Candidate, Plan } from '../values/plan.js';
import type { Listing } from '../values/source.js';
import { belongs } from './choose-release.js';
import { readOffers } from './offers.js';
import { splitPost } from './wish.js';

function list(versions: readonly string[]): string {
  return [...versions].sort(compareVersions).join(', ');
}

/**
 * Where the index and the catalogue disagree about the final releases of the build that was chosen: the index was believed. One line
 * for each direction. Sources that failed prove nothing, so nothing is told of them.
 */
export function differences(plan: Plan, candidate: Candidate, listing: Listing, interpreter: Interpreter): string[] {
  const project = candidate.plugin ?? candidate.distribution;
  const { offers, faults } = readOffers(listing, project, candidate.origins[project] ?? [], interpreter);
  if (plan.channel === 'nightly' || faults.length > 0) {
    return [];
  }
  const listed = offers
    .map(({ version }) => version)
    .filter((version) => !isPreRelease(version) && belongs(version, candidate))
    .map((version) => splitPost(version).release);
  const known = releases
    .filter((release) => devicesOf(release).includes(plan.device) && !isPreRelease(release.version))
    .map(({ version }) => version);
  const oldest = known[0] ?? '0';
  const fresh = listed.filter((one) => compareVersions(one, oldest) > 0 && !known.includes(one));
  const missing = known.filter((one) => !listed.includes(one) && compareVersions(one, '2.6') >= 0);
  return [
    ...(fresh.length > 0
      ? [`the index lists ${project} ${list(fresh)} for ${plan.device}, which the catalogue does not know`]
      : []),
    ...(missing.length > 0
      ? [`the catalogue knows ${project} ${list(missing)} for ${plan.device}, which no source lists`]
      : []),
  ];
}
