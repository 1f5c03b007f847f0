import { type Device, devices } from '../catalog/devices.js';
import { findLinks } from '../catalog/find-links.js';
import { devicesOf, findRelease, releases } from '../catalog/releases.js';
import { compareVersions, nearestVersions } from '../packaging/version.js';
import type { Candidate } from '../values/plan.js';
import type { Runner } from '../values/runner.js';
import { findBuild, makeCandidate } from './builds.js';
import { driverObstacle, gpuNames, judgeArchitectures } from './gpu.js';
import { platformOf } from './target.js';
import { answers, splitPost, type Wish } from './wish.js';

/** What stands against a device: the input to change, why, and the remedy where the fact itself names one. */
export interface Obstacle {
  /** `absent`: this build does not exist for the wish; `unfit`: it does, but not for this machine or these requirements. */
  readonly kind: 'absent' | 'unfit';
  readonly where: string;
  readonly what: string;
  readonly remedy: string | null;
}

/** A device on this machine for this wish. */
export type Judgement =
  | {
      readonly kind: 'fits';
      readonly device: string;
      readonly candidate: Candidate;
      /** New releases go on to be published for it. */
      readonly current: boolean;
      /** Compute capabilities of this machine that nobody vouches for. */
      readonly unconfirmed: readonly string[];
    }
  | {
      readonly kind: 'obstacles';
      readonly device: string;
      readonly obstacles: readonly Obstacle[];
      readonly current: boolean;
    };

function platformObstacles(device: Device, runner: Runner): Obstacle[] {
  const platform = platformOf(runner);
  const here = device.platforms.some((name) => name === platform);
  const somewhere = devices.some(({ platforms }) => platforms.some((name) => name === platform));
  const builds = device.kind === 'cuda' ? 'CUDA builds have' : `${device.id} (${device.name}) has`;
  return here || !somewhere
    ? []
    : [
        {
          kind: 'unfit',
          where: 'device',
          what: `${builds} wheels for ${device.platforms.join(', ')}, none for ${platform}.`,
          remedy: 'Write "device: cpu".',
        },
      ];
}

function channelObstacles(device: Device, { channel }: Wish): Obstacle[] {
  const [here, other] = channel === 'nightly' ? (['nightly', 'stable'] as const) : (['stable', 'nightly'] as const);
  const published =
    device.folders[here] !== null ||
    (here === 'stable' && device.builds.some(({ origins }) => origins.some((origin) => origin !== 'paddle')));
  return published
    ? []
    : [
        {
          kind: 'absent',
          where: 'paddle-version',
          what: `${device.id} (${device.name}) has ${other} builds only (${device.source}).`,
          remedy: other === 'nightly' ? 'Write "paddle-version: nightly".' : 'Take "nightly" out of "paddle-version".',
        },
      ];
}

/** Known releases that were published for the device, newest first. */
function releasesFor(device: Device): string[] {
  return releases
    .filter((release) => devicesOf(release).includes(device.id))
    .map(({ version }) => version)
    .sort((a, b) => compareVersions(b, a));
}

/** Builds of 2.4 to 2.6.1 for one CUDA each are on a page of links and on no index. */
function findLinksObstacle(device: Device, wish: Wish): Obstacle | null {
  const build = findBuild(device, { ...wish, findLinks: true }, '');
  const newer = device.builds.find(({ origins }) => !origins.includes('find-links'));
  if (build === undefined || wish.exact === null) {
    return null;
  }
  const version = `${splitPost(wish.exact).release}.post${build.post}`;
  const line = `Add the line "--find-links ${findLinks.linux}" (on Windows ${findLinks.win32}) to a requirements file`;
  const successor = newer?.origins.includes('paddle') ? releasesFor(device)[0] : undefined;
  return {
    kind: 'absent',
    where: 'paddle-version',
    what: `${version}, the ${device.name} build of PaddlePaddle ${splitPost(wish.exact).release}, is on no index but on PaddlePaddle's page of links (${findLinks.source}).`,
    remedy:
      successor === undefined
        ? `${line}.`
        : `${line}, or write "paddle-version: ${successor}", which PaddlePaddle's index has for ${device.id}.`,
  };
}

function releaseObstacle(device: Device, wish: Wish): Obstacle {
  const { release, post } = splitPost(wish.exact ?? '');
  const owner = devices.find(({ cuda }) => post !== null && cuda?.replace('.', '') === post);
  if (owner !== undefined && owner.id !== device.id) {
    return {
      kind: 'absent',
      where: 'paddle-version',
      what: `${wish.exact} is the ${owner.name} build of ${release}, while ${device.id} was asked for.`,
      remedy: `Write "device: ${owner.id}" and "paddle-version: ${release}".`,
    };
  }
  const moved = findLinksObstacle(device, wish);
  if (moved !== null) {
    return moved;
  }
  const published = releasesFor(device);
  const known = findRelease(release);
  const [nearest] = nearestVersions(release, published, 1);
  const others = known === undefined ? '' : `; ${known.version} was published for ${devicesOf(known).join(', ')}`;
  return {
    kind: 'absent',
    where: 'paddle-version',
    what:
      wish.specifier === ''
        ? `${device.id} (${device.name}) has only pre-releases: ${published.join(', ')}.`
        : `No PaddlePaddle ${wish.specifier} was published for ${device.id} (${device.name}), only ${published.join(', ')}${others}.`,
    remedy: `Write "paddle-version: ${nearest ?? published[0]}", or another device.`,
  };
}

function distributionObstacles(device: Device, { lines }: Wish): Obstacle[] {
  const installed = device.plugin === null ? device.distribution : `${device.distribution} with ${device.plugin}`;
  return lines
    .filter(({ normalised }) => normalised !== device.distribution && normalised !== device.plugin)
    .map(({ origin, normalised }) => ({
      kind: 'unfit',
      where: origin,
      what: `It names ${normalised}, but ${device.kind === 'cuda' ? 'a CUDA build' : device.id} installs ${installed}.`,
      remedy: `Take the line out, or write the device of ${normalised}: ${devices
        .filter(({ distribution, plugin }) => distribution === normalised || plugin === normalised)
        .map(({ id }) => id)
        .join(', ')}.`,
    }));
}

/** Whether a device can be had for this wish and computes on this machine: all that stands against it, or the candidate. */
export function judge(device: Device, wish: Wish, runner: Runner): Judgement {
  const nightly = wish.channel === 'nightly';
  const driver = driverObstacle(device, runner);
  const absent = channelObstacles(device, wish);
  const obstacles: Obstacle[] = [
    ...platformObstacles(device, runner),
    ...absent,
    ...distributionObstacles(device, wish),
    ...(driver === null ? [] : [{ kind: 'unfit', where: 'device', what: driver, remedy: null } as const]),
  ];
  const against = (...more: Obstacle[]): Judgement => ({
    kind: 'obstacles',
    device: device.id,
    obstacles: [...obstacles, ...more],
    current: device.builds[0]?.below === null,
  });
  if (!nightly && findBuild(device, wish, '') === undefined) {
    return absent.length > 0 ? against() : against(releaseObstacle(device, wish));
  }
  const verdict = judgeArchitectures(device, wish, runner);
  if (verdict.kind === 'obstacle') {
    return against({ kind: 'unfit', where: 'device', what: verdict.text, remedy: null });
  }
  const build = nightly ? undefined : findBuild(device, wish, verdict.specifier);
  if (!nightly && build === undefined) {
    const newest = releasesFor(device).find((version) => answers(version, verdict.specifier, false));
    return against({
      kind: 'unfit',
      where: 'paddle-version',
      what: `${gpuNames(runner.accelerators)} needs ${device.id} (${device.name}) of PaddlePaddle ${verdict.specifier}; ${wish.specifier} was asked for.`,
      remedy: newest === undefined ? null : `Write "paddle-version: ${newest}".`,
    });
  }
  return obstacles.length > 0
    ? against()
    : {
        kind: 'fits',
        device: device.id,
        candidate: makeCandidate(device, build, wish, verdict.specifier),
        current: build === undefined || build.below === null,
        unconfirmed: verdict.unconfirmed,
      };
}
