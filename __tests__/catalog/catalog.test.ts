import { describe, expect, test } from '@jest/globals';
import { advice } from '../../src/catalog/advice.js';
import { architectures } from '../../src/catalog/architectures.js';
import { devices } from '../../src/catalog/devices.js';
import { findLinks } from '../../src/catalog/find-links.js';
import { libraries } from '../../src/catalog/libraries.js';
import { mirrors } from '../../src/catalog/mirrors.js';
import { paddleIndex } from '../../src/catalog/paddle-index.js';
import { defects, needs, releases } from '../../src/catalog/releases.js';
import { isName, normalise } from '../../src/packaging/name.js';
import { parseRequirement } from '../../src/packaging/requirement.js';
import { isSpecifier, isVersion } from '../../src/packaging/version.js';

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
  page: (value) => typeof value === 'string' && value.startsWith('https://') && value.endsWith('.html'),
  names: (value) => Array.isArray(value) && value.length > 0 && value.every((one) => /^[a-z0-9-]+$/.test(String(one))),
  'names?': (value) => value === null || shapes['names']?.(value) === true,
  pins: (value) =>
    Array.isArray(value) &&
    value.every((one) => /^==\d/.test(parseRequirement(String(one), 'libraries.json').specifier)),
  // What the word of an entry is worth: `documented`, `measured ...`, `one report`, `unconfirmed ...`, or public issues.
  source: (value) => typeof value === 'string' && /documented|measured|one report|unconfirmed|[\w-]+#\d+/i.test(value),
  'true?': (value) => value === undefined || value === true,
  os: (value) => value === null || value === 'linux' || value === 'win32',
  kind: (value) => ['cpu', 'cuda', 'plugin', 'vendor'].includes(String(value)),
  object: (value) => typeof value === 'object' && value !== null,
  'object?': (value) => typeof value === 'object',
};
const sourced = { source: 'source', date: 'date' };

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
        models: 'list',
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
    [
      'published build',
      releases.flatMap(({ builds }) => builds),
      { devices: 'names', platforms: 'names', pythons: 'versions', unlisted: 'true?' },
    ],
    [
      'set of libraries',
      libraries,
      {
        device: 'words',
        os: 'os',
        from: 'version?',
        below: 'version?',
        cudnn: 'version?',
        nccl: 'version?',
        tensorrt: 'version?',
        packages: 'pins',
      },
    ],
    ['pages of links', [findLinks], { linux: 'page', win32: 'page' }],
    [
      'need',
      needs,
      {
        name: 'project',
        specifier: 'specifier',
        devices: 'names?',
        releases: 'specifier',
        pythons: 'specifier',
        reason: 'words',
      },
    ],
    [
      'advice',
      advice,
      {
        id: 'words',
        devices: 'names',
        platforms: 'names',
        project: 'project?',
        specifier: 'specifier',
        text: 'words',
      },
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
      '0: source is no source',
      '0: date is no date',
    ]);
  });
});
