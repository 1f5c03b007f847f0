import { type Build, boundsSpecifier, type Device, findDevice } from '../catalog/devices.js';
import { defects, devicesOf, findRelease, releases } from '../catalog/releases.js';
import { satisfies } from '../packaging/version.js';
import type { Candidate, Origin } from '../values/plan.js';
import { answers, splitPost, type Wish } from './wish.js';

/** Newer than any release: what satisfies a specifier that is open to the future. */
const future = '9999';

/** Several PEP 440 specifiers as one that holds where all of them do. */
function joinSpecifiers(...specifiers: readonly string[]): string {
  return [...new Set(specifiers.flatMap((specifier) => specifier.split(',')).filter((clause) => clause !== ''))].join(
    ',',
  );
}

/** What was published of a build that ended is known in full; of one that goes on, and of a page of links, anything within its bounds may be there. */
function published(version: string, build: Build, device: Device): boolean {
  const known = findRelease(version);
  const open = build.below === null || build.origins.includes('find-links') || known === undefined;
  return open || devicesOf(known).includes(device.id);
}

/** Whether a build may hold a release that is wished for. Which of them are there now is believed of the index. */
function mayHold(build: Build, device: Device, wish: Wish, limits: string): boolean {
  if (build.origins.includes('find-links') && !wish.findLinks) {
    return false;
  }
  const bounds = joinSpecifiers(boundsSpecifier(build), limits);
  if (wish.exact !== null) {
    const { release, post } = splitPost(wish.exact);
    return (
      (post === null || post === build.post) &&
      satisfies(release, bounds, { prereleases: true }) &&
      published(release, build, device)
    );
  }
  const wished = joinSpecifiers(wish.specifier, bounds);
  const unknown = (): boolean => !releases.some(({ version }) => answers(version, wish.specifier, true));
  return (
    satisfies(future, wished) ||
    releases.some(({ version }) => published(version, build, device) && answers(version, wished, wish.preReleases)) ||
    (build.below === null && unknown())
  );
}

/** The newest build of a device that may hold what is wished for within `limits` (PEP 440); undefined where none can. */
export function findBuild(device: Device, wish: Wish, limits: string): Build | undefined {
  return device.builds.find((build) => mayHold(build, device, wish, limits));
}

function origin(kind: Build['origins'][number], channel: 'stable' | 'nightly', folder: string | null): Origin[] {
  // The user's find-links stand beside every origin.
  if (kind !== 'paddle') {
    return [{ kind: 'python' }];
  }
  return folder === null ? [] : [{ kind, channel, folder }];
}

/** Origins of the distribution and, for a plug-in, of both: the plug-in's distribution is the CPU build, wherever that is had. */
function originsOf(device: Device, build: Build | undefined, channel: 'stable' | 'nightly'): Candidate['origins'] {
  const kinds = channel === 'nightly' ? (['paddle'] as const) : (build?.origins ?? []);
  const own = kinds.flatMap((kind) => origin(kind, channel, device.folders[channel]));
  if (device.plugin === null) {
    return { [device.distribution]: own };
  }
  const cpu = findDevice('cpu');
  const base = channel === 'nightly' ? (['paddle'] as const) : (cpu?.builds[0]?.origins ?? []);
  return {
    [device.distribution]: base.flatMap((kind) => origin(kind, channel, cpu?.folders[channel] ?? null)),
    [device.plugin]: own,
  };
}

/** A device as a candidate: where its packages are and which versions will do. `limits` is the GPUs' part of the specifier. */
export function makeCandidate(device: Device, build: Build | undefined, wish: Wish, limits: string): Candidate {
  return {
    device: device.id,
    cuda: device.cuda,
    distribution: device.distribution,
    plugin: device.plugin,
    origins: originsOf(device, build, wish.channel),
    specifier: joinSpecifiers(
      wish.specifier,
      build === undefined || wish.channel === 'nightly' ? '' : boundsSpecifier(build),
      limits,
    ),
    post: build?.post ?? null,
    avoid: defects
      .filter(({ distribution }) => distribution === device.distribution)
      .flatMap(({ versions }) => versions),
    companions: Object.fromEntries(device.companions.map(({ plugin, distribution }) => [plugin, distribution])),
    pair:
      device.plugin === null
        ? null
        : { distribution: wish.named[device.distribution] ?? '', plugin: wish.named[device.plugin] ?? '' },
  };
}
