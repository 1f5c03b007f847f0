import { describe, expect, test } from '@jest/globals';
import { advice } from '../../src/catalog/advice.js';
import { architectureSets, architectures, support } from '../../src/catalog/architectures.js';
import {
  boundsSpecifier,
  cudaDevices,
  type Device,
  devices,
  findDevice,
  paddleProjects,
} from '../../src/catalog/devices.js';
import { libraries, librariesOf } from '../../src/catalog/libraries.js';
import { mirrors } from '../../src/catalog/mirrors.js';
import {
  combinations,
  defects,
  defectsOf,
  devicesOf,
  findRelease,
  needs,
  releases,
} from '../../src/catalog/releases.js';
import { parseFilename } from '../../src/packaging/filename.js';
import { compareVersions, isPreRelease, satisfies } from '../../src/packaging/version.js';
import failures from '../../src/verify/failures.json' with { type: 'json' };
import recorded from './fixtures/paddlepaddle.json' with { type: 'json' };
import recordedGpu from './fixtures/paddlepaddle-gpu.json' with { type: 'json' };

const all = combinations();
const ascending = (versions: readonly string[]): string[] => [...versions].sort(compareVersions);
const named = (some: typeof all): string[] =>
  some.map(({ version, device, platform, python }) => [version, device, platform, python].join(' '));
const within = (version: string, build: Device['builds'][number]): boolean =>
  satisfies(version, boundsSpecifier(build), { prereleases: true });

describe('no entry stands twice or out of order', () => {
  test('ids, versions and combinations are unique', () => {
    for (const ids of [
      devices.map(({ id }) => id),
      mirrors.map(({ id }) => id),
      releases.map(({ version }) => version),
      named(all),
    ]) {
      expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
    }
  });

  test('releases and the Pythons of each build ascend, Pythons without a gap', () => {
    const versions = releases.map(({ version }) => version);
    expect(ascending(versions)).toEqual(versions);
    for (const { pythons } of releases.flatMap(({ builds }) => builds)) {
      const minors = pythons.map((python) => Number(python.split('.')[1]));
      expect(minors).toEqual(minors.map((_, i) => (minors[0] ?? 0) + i));
    }
  });

  test('the builds of a device never overlap and are listed newest first', () => {
    for (const { builds } of devices) {
      for (const [i, older] of builds.slice(1).entries()) {
        expect(compareVersions(older.below ?? '9999', builds[i]?.from ?? '0')).toBeLessThanOrEqual(0);
      }
    }
  });
});

describe('releases and devices tell the same', () => {
  test('a release is published for known devices, where one of their builds holds it and on platforms that they have', () => {
    const contradictions = all.filter(({ version, device: id, platform }) => {
      const device = findDevice(id);
      return (
        device === undefined ||
        !device.platforms.includes(platform) ||
        !device.builds.some((one) => within(version, one))
      );
    });
    expect(named(contradictions)).toEqual([]);
  });

  test('every device with a stable folder has releases, and every build has one', () => {
    const idle = devices.flatMap(({ id, folders, builds }) =>
      builds
        .filter((build) => folders.stable !== null || !build.origins.includes('paddle'))
        .filter((build) => !all.some(({ device, version }) => device === id && within(version, build)))
        .map(({ from, below }) => `${id} ${from} ${below}`),
    );
    expect(idle).toEqual([]);
    const nightly = devices.filter(({ id }) => !all.some(({ device }) => device === id));
    expect(nightly.map(({ id, folders }) => [id, folders.stable])).toEqual([
      ['cu128', null],
      ['xpu2', null],
    ]);
  });

  test('every final release has a CPU build, or is the one whose CPU files are gone from the index', () => {
    const lacking = releases.filter((release) => !isPreRelease(release.version) && !devicesOf(release).includes('cpu'));
    expect(lacking.map(({ version }) => version)).toEqual(['2.5.0']);
  });

  test('each side of a plug-in pair was published', () => {
    const odd = devices.flatMap(({ id, companions }) =>
      companions
        .filter(
          ({ plugin, distribution }) =>
            !all.some(({ device, version }) => device === id && version === plugin) ||
            !all.some(({ device, version }) => device === 'cpu' && version === distribution),
        )
        .map(({ plugin, distribution }) => `${id} ${plugin} ${distribution}`),
    );
    expect(odd).toEqual([]);
    const unpaired = all.filter(
      ({ device: id, version }) =>
        findDevice(id)?.kind === 'plugin' && !findDevice(id)?.companions.some(({ plugin }) => plugin === version),
    );
    expect(named(unpaired)).toEqual([]);
  });

  test("a build that PaddlePaddle's index holds has a folder there", () => {
    const homeless = devices.filter(
      ({ folders, builds }) =>
        folders.stable === null && folders.nightly === null && builds.some(({ origins }) => origins.includes('paddle')),
    );
    expect(homeless).toEqual([]);
  });

  test('advice is for platforms that its devices have', () => {
    const odd = advice.filter(({ devices: ids, platforms }) =>
      ids.some((id) => platforms.some((platform) => findDevice(id)?.platforms.includes(platform) !== true)),
    );
    expect(odd).toEqual([]);
  });

  test('needs and defects are of known devices and releases, and the verification recognises the defects', () => {
    expect(needs.flatMap((need) => need.devices ?? []).filter((id) => findDevice(id) === undefined)).toEqual([]);
    const ids = failures.map(({ id }) => id);
    expect(defects.filter(({ id }) => !ids.includes(id))).toEqual([]);
    expect(defects.flatMap(({ versions }) => versions).filter((one) => findRelease(one) === undefined)).toEqual([]);
    expect([defectsOf('paddlepaddle', '3.3.1').length, defectsOf('paddlepaddle-gpu', '3.3.1').length]).toEqual([1, 0]);
  });

  test('the projects of PaddlePaddle are those of the devices', () => {
    expect([...paddleProjects].sort()).toEqual([
      'paddle-custom-gcu',
      'paddle-custom-mlu',
      'paddle-custom-npu',
      'paddle-iluvatar-gpu',
      'paddle-metax-gpu',
      'paddlepaddle',
      'paddlepaddle-dcu',
      'paddlepaddle-gpu',
      'paddlepaddle-xpu',
    ]);
  });
});

describe('CUDA builds', () => {
  const cuda = cudaDevices();
  const systems = ['linux', 'win32'] as const;

  test('they alone have drivers, architectures and libraries, and each has all', () => {
    const ids = cuda.map(({ id }) => id).sort();
    expect(devices.flatMap(({ id, driver }) => (driver === null ? [] : [id])).sort()).toEqual(ids);
    expect([...new Set(architectures.map(({ device }) => device))].sort()).toEqual(ids);
    expect([...new Set(libraries.map(({ device }) => device))].sort()).toEqual(ids);
  });

  test('every release of a build was made with one known set of libraries on each system', () => {
    for (const { version, device, platform } of all.filter(({ device: id }) => findDevice(id)?.kind === 'cuda')) {
      const os = platform.split('-')[0] ?? '';
      const sets = libraries.filter((one) => one === librariesOf(device, version, os));
      expect([version, device, os, sets.length]).toEqual([version, device, os, 1]);
    }
  });

  test('newer CUDA never asks for an older driver, on either system', () => {
    // 12.4's number stands for 12.6, since the documentation of PaddlePaddle says so.
    for (const os of ['linux', 'windows'] as const) {
      const least = cuda.map(({ driver }) => driver?.[os] ?? '');
      expect(ascending(least).reverse()).toEqual(least);
    }
  });

  test('architectures follow one another without a gap, so that the releases that fit a GPU are one range', () => {
    const capabilities = ['3.5', '5.2', '6.0', '6.1', '7.0', '7.5', '8.0', '8.6', '8.9', '9.0', '10.0', '12.0', '12.1'];
    for (const { id } of cuda) {
      for (const os of systems) {
        const sets = architectureSets(id, os);
        expect(sets.length).toBeGreaterThan(0);
        expect([sets[0]?.from, sets.at(-1)?.below]).toEqual([null, null]);
        expect(sets.slice(1).map(({ from }) => from)).toEqual(sets.slice(0, -1).map(({ below }) => below));
        for (const capability of capabilities) {
          const verdicts = sets.map((set) => (support(set, capability) === 'no' ? 'n' : 'y')).join('');
          expect(verdicts).toMatch(/^n*y*n*$/);
        }
      }
    }
  });

  test('an architecture that a build lists lies within the bounds that the same entry states', () => {
    const outside = architectures.flatMap((set) =>
      set.capabilities.filter((one) => support(set, one) !== 'yes').map((one) => `${set.device} ${one}`),
    );
    expect(outside).toEqual([]);
  });
});

describe('the catalogue agrees with the recorded index', () => {
  const platforms: Readonly<Record<string, string>> = {
    manylinux1_x86_64: 'linux-x64',
    manylinux2014_aarch64: 'linux-arm64',
    win_amd64: 'win32-x64',
    macosx_11_0_arm64: 'darwin-arm64',
    macosx_10_9_x86_64: 'darwin-x64',
  };
  const listed = (files: readonly { readonly filename: string }[]): string[] =>
    files.flatMap(({ filename }) => {
      const name = parseFilename(filename);
      return name?.kind !== 'wheel' || compareVersions(name.version, '2.4.2') < 0
        ? []
        : name.tags.flatMap((tag) => {
            const [, minor, platform = ''] = /^cp3(\d+)-[^-]+-(.+)$/.exec(tag) ?? [];
            return minor === undefined ? [] : [`${name.version} ${platforms[platform] ?? platform} 3.${minor}`];
          });
    });
  const told = (device: (id: string) => boolean, source: RegExp): string[] =>
    all
      .filter((one) => device(one.device) && source.test(one.source))
      .map(({ version, platform, python }) => `${version} ${platform} ${python}`);

  test('CPU files: every one is known, and none is claimed to have been measured that is not there', () => {
    expect(told((id) => id === 'cpu', /measured on the Python index/).sort()).toEqual(listed(recorded.files).sort());
  });

  test('GPU files: the same', () => {
    const plain = (id: string): boolean => findDevice(id)?.kind === 'cuda';
    expect(told(plain, /measured on the Python index/).sort()).toEqual(listed(recordedGpu.files).sort());
  });

  test('the recorded page holds names, hashes and sizes, and no address', () => {
    expect(recorded.files).toHaveLength(276);
    expect(recorded.files.every(({ sha256, size }) => /^[0-9a-f]{64}$/.test(sha256) && size > 0)).toBe(true);
    expect(JSON.stringify(recorded)).not.toContain('://');
  });
});
