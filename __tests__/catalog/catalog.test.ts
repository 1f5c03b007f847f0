import { describe, expect, test } from '@jest/globals';
import { architectureSets, architectures, support } from '../../src/catalog/architectures.js';
import { boundsSpecifier, cudaDevices, devices, findDevice, paddleProjects } from '../../src/catalog/devices.js';
import { mirrors } from '../../src/catalog/mirrors.js';
import { paddleIndex } from '../../src/catalog/paddle-index.js';
import { defects, defectsOf, findRelease, needs, releases } from '../../src/catalog/releases.js';
import { parseFilename } from '../../src/packaging/filename.js';
import { isName, normalise } from '../../src/packaging/name.js';
import { compareVersions, isSpecifier, isVersion, satisfies } from '../../src/packaging/version.js';
import failures from '../../src/verify/failures.json' with { type: 'json' };
import recorded from './fixtures/paddlepaddle.json' with { type: 'json' };
import recordedGpu from './fixtures/paddlepaddle-gpu.json' with { type: 'json' };

/** The fields of every entry in words that a schema would use: `text`, `text?` (or null), `version`, `version?`, `texts`, ... */
const shapes: Readonly<Record<string, (value: unknown) => boolean>> = {
  text: (value) => typeof value === 'string',
  words: (value) => typeof value === 'string' && value.trim() !== '',
  'words?': (value) => value === null || (typeof value === 'string' && value.trim() !== ''),
  'version?': (value) => value === null || (typeof value === 'string' && isVersion(value)),
  version: (value) => typeof value === 'string' && isVersion(value),
  specifier: (value) => typeof value === 'string' && isSpecifier(value),
  project: (value) => typeof value === 'string' && isName(value) && normalise(value) === value,
  'project?': (value) => value === null || (typeof value === 'string' && normalise(value) === value),
  list: (value) => Array.isArray(value),
  versions: (value) => Array.isArray(value) && value.length > 0 && value.every((one) => isVersion(String(one))),
  count: (value) => Number.isInteger(value) && Number(value) > 0,
  date: (value) => typeof value === 'string' && /^20\d\d-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value)),
  https: (value) =>
    typeof value === 'string' && value.startsWith('https://') && value.endsWith('/') && URL.canParse(value),
  'https?': (value) => value === null || (typeof value === 'string' && /^https:\/\/.*\/$/.test(value)),
  os: (value) => value === null || value === 'linux' || value === 'win32',
  kind: (value) => ['cpu', 'cuda', 'plugin', 'vendor'].includes(String(value)),
  object: (value) => typeof value === 'object' && value !== null,
  'object?': (value) => typeof value === 'object',
};
const sourced = { source: 'words', date: 'date' };

function faults(entries: readonly object[], schema: Readonly<Record<string, string>>): string[] {
  const expected = { ...schema, ...sourced };
  return entries.flatMap((entry, index) => {
    const given = new Map<string, unknown>(Object.entries(entry));
    const extra = [...given.keys()]
      .filter((key) => !Object.hasOwn(expected, key))
      .map((key) => `${index}: ${key} is unknown`);
    const wrong = Object.entries(expected)
      .filter(([key, shape]) => shapes[shape]?.(given.get(key)) !== true)
      .map(([key, shape]) => `${index}: ${key} is no ${shape}`);
    return [...extra, ...wrong];
  });
}

describe('every entry has its fields, a source and a date', () => {
  test.each([
    [
      'device',
      devices,
      {
        id: 'project',
        name: 'words',
        kind: 'kind',
        cuda: 'version?',
        distribution: 'project',
        plugin: 'project?',
        platforms: 'list',
        folders: 'object',
        builds: 'list',
        driver: 'object?',
        companions: 'list',
      },
    ],
    [
      'build',
      devices.flatMap(({ builds }) => builds),
      { from: 'version?', below: 'version?', origins: 'list', post: 'words?' },
    ],
    [
      'driver',
      devices.flatMap(({ driver }) => driver ?? []),
      { linux: 'version', windows: 'version', cuda: 'version?' },
    ],
    ['companion', devices.flatMap(({ companions }) => companions), { plugin: 'version', distribution: 'version' }],
    [
      'architecture set',
      architectures,
      {
        device: 'words',
        os: 'os',
        from: 'version?',
        below: 'version?',
        capabilities: 'versions',
        minimum: 'version?',
        maximum: 'version?',
      },
    ],
    ['release', releases, { version: 'version', pythons: 'versions', devices: 'list' }],
    [
      'need',
      needs,
      { name: 'project', specifier: 'specifier', releases: 'specifier', pythons: 'specifier', reason: 'words' },
    ],
    [
      'defect',
      defects,
      { id: 'words', check: 'words', distribution: 'project', versions: 'versions', text: 'words', remedy: 'words' },
    ],
    [
      'mirror',
      mirrors,
      {
        id: 'project',
        name: 'words',
        url: 'https?',
        hosts: 'list',
        group: 'words',
        connections: 'count',
        country: 'words?',
        note: 'text',
      },
    ],
    ['wheel host', paddleIndex.wheelHosts, { id: 'words', url: 'https' }],
    ['index', [paddleIndex], { base: 'https', connections: 'count', wheelHosts: 'list' }],
  ] as const)('%s', (_, entries, schema) => {
    expect(entries.length).toBeGreaterThan(0);
    expect(faults(entries, schema)).toEqual([]);
  });

  test('a field too many or of the wrong shape is seen', () => {
    expect(faults([{ url: 'http://plain/', size: 1, source: '', date: '2026-13-01' }], { url: 'https' })).toEqual([
      '0: size is unknown',
      '0: url is no https',
      '0: source is no words',
      '0: date is no date',
    ]);
  });
});

describe('the entries agree with one another', () => {
  test('ids are unique', () => {
    for (const ids of [
      devices.map(({ id }) => id),
      mirrors.map(({ id }) => id),
      releases.map(({ version }) => version),
    ]) {
      expect(new Set(ids).size).toBe(ids.length);
    }
  });

  test('releases are in ascending order and name known devices', () => {
    const versions = releases.map(({ version }) => version);
    expect([...versions].sort(compareVersions)).toEqual(versions);
    expect(releases.flatMap((release) => release.devices).filter((id) => findDevice(id) === undefined)).toEqual([]);
  });

  test('a release is published for a device only where one of its builds holds it, and each stable device has a release', () => {
    const contradictions = releases.flatMap(({ version, devices: ids }) =>
      ids
        .filter(
          (id) =>
            !findDevice(id)?.builds.some((build) => satisfies(version, boundsSpecifier(build), { prereleases: true })),
        )
        .map((id) => `${version} for ${id}`),
    );
    expect(contradictions).toEqual([]);
    const unreleased = devices.filter(({ id }) => !releases.some((release) => release.devices.includes(id)));
    expect(unreleased.map(({ id, folders }) => [id, folders.stable])).toEqual([
      ['cu128', null],
      ['mlu', null],
      ['gcu', null],
    ]);
  });

  test('the builds of a device never overlap and are listed newest first', () => {
    for (const { builds } of devices) {
      for (const [i, older] of builds.slice(1).entries()) {
        expect(compareVersions(older.below ?? '9999', builds[i]?.from ?? '0')).toBeLessThanOrEqual(0);
      }
    }
  });

  test("a stable build that PaddlePaddle's index holds has a folder there", () => {
    const homeless = devices.filter(
      ({ folders, builds }) =>
        folders.stable === null && folders.nightly === null && builds.some(({ origins }) => origins.includes('paddle')),
    );
    expect(homeless).toEqual([]);
  });

  test('only CUDA builds have drivers and architectures, and each has both', () => {
    const cuda = cudaDevices().map(({ id }) => id);
    expect(
      devices
        .filter(({ driver }) => driver !== null)
        .map(({ id }) => id)
        .sort(),
    ).toEqual([...cuda].sort());
    expect([...new Set(architectures.map(({ device }) => device))].sort()).toEqual([...cuda].sort());
  });

  test('newer CUDA never asks for an older driver', () => {
    const drivers = cudaDevices().map(({ driver }) => driver?.linux ?? '');
    const twelves = drivers.filter((linux) => linux === '525');
    expect(twelves.length).toBe(3);
    const exact = drivers.filter((linux) => linux !== '525');
    expect([...exact].sort((a, b) => compareVersions(b, a))).toEqual(exact);
  });

  test('the architecture sets of a build follow one another without a gap, so that the fitting releases are one range', () => {
    for (const { id } of cudaDevices()) {
      for (const os of ['linux', 'win32']) {
        const sets = architectureSets(id, os);
        expect(sets.length).toBeGreaterThan(0);
        expect([sets[0]?.from, sets.at(-1)?.below]).toEqual([null, null]);
        expect(sets.slice(1).map(({ from }) => from)).toEqual(sets.slice(0, -1).map(({ below }) => below));
        for (const capability of [
          '3.5',
          '5.2',
          '6.0',
          '6.1',
          '7.0',
          '7.5',
          '8.0',
          '8.6',
          '8.9',
          '9.0',
          '10.0',
          '12.0',
          '12.1',
        ]) {
          const verdicts = sets.map((set) => (support(set, capability) === 'no' ? 'n' : 'y')).join('');
          expect(verdicts).toMatch(/^n*y*n*$/);
        }
      }
    }
  });

  test('a known defect is one that the verification recognises, of a known release', () => {
    const ids = failures.map(({ id }) => id);
    expect(defects.filter(({ id }) => !ids.includes(id))).toEqual([]);
    expect(defects.flatMap(({ versions }) => versions).filter((version) => findRelease(version) === undefined)).toEqual(
      [],
    );
    expect(defectsOf('paddlepaddle', '3.3.1')).toHaveLength(1);
    expect(defectsOf('paddlepaddle-gpu', '3.3.1')).toEqual([]);
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

describe('the catalogue agrees with the recorded index', () => {
  const pythonsOn = (files: readonly { readonly filename: string }[], version: string): string[] => {
    const tags = files.flatMap(({ filename }) => {
      const name = parseFilename(filename);
      return name?.kind === 'wheel' && name.version === version ? name.tags : [];
    });
    const minors = tags.flatMap((tag) => /^cp3(\d+)-/.exec(tag)?.[1] ?? []);
    return [...new Set(minors.map((minor) => `3.${minor}`))].sort(compareVersions);
  };

  test.each(['2.6.2', '3.0.0b2', '3.0.0', '3.1.0', '3.1.1', '3.2.0', '3.2.1', '3.2.2', '3.3.0', '3.3.1'])(
    'CPU %s: the same Pythons',
    (version) => {
      expect(findRelease(version)?.pythons).toEqual(pythonsOn(recorded.files, version));
    },
  );

  test.each(['2.4.2', '2.5.0', '2.5.1', '2.5.2', '2.6.0', '2.6.1', '2.6.2'])('GPU %s: the same Pythons', (version) => {
    expect(findRelease(version)?.pythons).toEqual(pythonsOn(recordedGpu.files, version));
  });

  test('the recorded page holds names, hashes and sizes, and no address', () => {
    expect(recorded.files).toHaveLength(276);
    expect(recorded.files.every(({ sha256, size }) => /^[0-9a-f]{64}$/.test(sha256) && size > 0)).toBe(true);
    expect(JSON.stringify(recorded)).not.toContain('://');
  });
});
