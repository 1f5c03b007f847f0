import { architectureSets, support } from '../catalog/architectures.js';
import { boundsSpecifier, type Device } from '../catalog/devices.js';
import { compareVersions, isVersion, satisfies } from '../packaging/version.js';
import type { Accelerators, Runner } from '../values/runner.js';
import { splitPost, type Wish } from './wish.js';

/** Why the driver is too old for a CUDA build, or null where it is new enough or nobody knows. */
export function driverObstacle(device: Device, { accelerators }: Runner): string | null {
  const { nvidiaDriver, driverCuda, driverSystem } = accelerators;
  if (device.driver === null || nvidiaDriver === null) {
    return null;
  }
  const { cuda, linux, windows, source } = device.driver;
  if (cuda !== null && driverCuda !== null && isVersion(driverCuda)) {
    return compareVersions(driverCuda, cuda) < 0
      ? `${device.id} (${device.name}) needs a driver for CUDA ${cuda} or newer (${source}); driver ${nvidiaDriver} takes CUDA up to ${driverCuda}.`
      : null;
  }
  const least = driverSystem === 'win32' ? windows : linux;
  return isVersion(nvidiaDriver) && compareVersions(nvidiaDriver, least) < 0
    ? `${device.id} (${device.name}) needs driver ${least} or newer (${source}); this machine has ${nvidiaDriver}.`
    : null;
}

/** What the releases of a build are to the GPUs of this machine. */
export type ArchitectureVerdict =
  | { readonly kind: 'obstacle'; readonly text: string }
  /** `specifier` keeps to the releases that hold code for them, '' where all do; `unconfirmed` names the GPUs that nobody vouches for. */
  | { readonly kind: 'fits'; readonly specifier: string; readonly unconfirmed: readonly string[] };

function capabilitiesOf({ gpus }: Accelerators): string[] {
  const known = gpus.flatMap(({ capability }) => (capability !== null && isVersion(capability) ? [capability] : []));
  return [...new Set(known)].sort(compareVersions);
}

/** The releases of a CUDA build that compute on *all* GPUs of the machine. */
export function judgeArchitectures(device: Device, wish: Wish, { os, accelerators }: Runner): ArchitectureVerdict {
  const capabilities = capabilitiesOf(accelerators);
  const sets = architectureSets(device.id, os);
  const wanted = sets.filter((set) => {
    if (wish.channel === 'nightly') {
      return set.below === null;
    }
    return wish.exact === null || satisfies(splitPost(wish.exact).release, boundsSpecifier(set), { prereleases: true });
  });
  const fitting = wanted.filter((set) => capabilities.every((capability) => support(set, capability) !== 'no'));
  const [oldest, newest] = [fitting[0], fitting.at(-1)];
  if (oldest === undefined || newest === undefined) {
    const alone = capabilities.filter((capability) => wanted.every((set) => support(set, capability) === 'no'));
    const lacking = alone.length > 0 ? alone : capabilities;
    const named = lacking.map((capability) => `sm_${capability.replace('.', '')}`);
    const gpus = accelerators.gpus.filter(({ capability }) => lacking.includes(capability ?? ''));
    const source = wanted.at(-1)?.source ?? '';
    return wanted.length === 0
      ? { kind: 'fits', specifier: '', unconfirmed: [] }
      : {
          kind: 'obstacle',
          text: `${device.id} (${device.name}) holds no code for ${named.join(', ')} (${gpuNames({ gpus })}), where it computes wrong numbers or nothing (${source}).`,
        };
  }
  return {
    kind: 'fits',
    specifier:
      fitting.length === sets.length || wish.channel === 'nightly'
        ? ''
        : boundsSpecifier({ from: oldest.from, below: newest.below }),
    unconfirmed: capabilities.filter((capability) => fitting.every((set) => support(set, capability) !== 'yes')),
  };
}

/** `NVIDIA H100, NVIDIA A10` for messages. */
export function gpuNames({ gpus }: Pick<Accelerators, 'gpus'>): string {
  return [...new Set(gpus.map(({ name }) => name))].join(', ');
}
