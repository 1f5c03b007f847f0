import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Mirror } from '../../src/catalog/mirrors.js';
import type { PaddleIndex } from '../../src/catalog/paddle-index.js';
import { type RosterInput, roster } from '../../src/sources/roster.js';
import { Failure } from '../../src/values/failure.js';
import { keptLog } from '../support/log.js';

const entry = (id: string, url: string | null, group: string): Mirror => ({
  id,
  name: id,
  url,
  hosts: url === null ? [] : [new URL(url).hostname],
  group,
  connections: 4,
  country: null,
  note: '',
  source: 'documented',
  date: '2026-11-22',
});
const mirrors = [
  entry('official', null, 'official'),
  entry('near', 'https://near.example/pypi/simple/', 'A'),
  entry('far', 'https://far.example/simple/', 'B'),
];
const paddleIndex: PaddleIndex = {
  base: 'https://paddle.example/packages/',
  connections: 16,
  wheelHosts: [],
  source: 'documented',
  date: '2026-11-22',
};
const officialIndex = { url: 'https://official.example/simple', origin: 'pip of the interpreter' };

type Change = {
  mirrors?: RosterInput['request']['mirrors'];
  indexes?: RosterInput['request']['requirements']['indexes'];
  noIndex?: boolean;
  paddleIndexes?: RosterInput['request']['paddleIndexes'];
  pip?: Record<string, string>;
  official?: RosterInput['interpreter']['officialIndex'];
};

const log = keptLog();
function of({
  mirrors: wish = 'auto',
  indexes = [],
  noIndex = false,
  paddleIndexes = [],
  pip = {},
  official = officialIndex,
}: Change = {}) {
  const pipSettings = Object.fromEntries(
    Object.entries(pip).map(([name, value]) => [name, { value, origin: '/etc/pip.conf' }]),
  );
  return roster({
    request: { mirrors: wish, paddleIndexes, requirements: { indexes, noIndex } },
    interpreter: { pipSettings, officialIndex: official },
    mirrors,
    paddleIndex,
    log,
  });
}
const ids = (change?: Change) => of(change).map(({ id, kind }) => `${kind}:${id}`);
const problemsOf = (change: Change) => {
  try {
    of(change);
  } catch (error) {
    if (error instanceof Failure) return error.problems;
    throw error;
  }
  throw new Error('no failure');
};

describe('where the user wishes nothing', () => {
  test("the official index comes first, then the catalogue's mirrors, and PaddlePaddle's index", () => {
    expect(ids()).toEqual(['python:official', 'python:near', 'python:far', 'paddle:paddle']);
    expect(of()[0]).toMatchObject({
      url: 'https://official.example/simple/',
      group: 'official',
      origin: 'pip of the interpreter',
    });
  });

  test('the index that the machine is configured for is asked before them', () => {
    const sources = of({ pip: { 'index-url': 'http://127.0.0.1:3141/team/simple' } });
    expect(sources[0]).toMatchObject({
      id: 'configured',
      url: 'http://127.0.0.1:3141/team/simple/',
      group: '127.0.0.1:3141',
      connections: 16,
      origin: 'index-url of pip (/etc/pip.conf)',
    });
    expect(sources.map(({ id }) => id)).toEqual(['configured', 'official', 'near', 'far', 'paddle']);
  });

  test.each([
    ['https://near.example/pypi/simple', 'near', 'A'],
    ['https://near.example/pypi/web/simple/', 'near', 'A'],
    ['https://OFFICIAL.example/simple/', 'official', 'official'],
    ['https://near.example/private/nexus/', 'configured', 'near.example'],
  ])('a configured %s is %s', (url, id, group) => {
    const [first, ...others] = of({ pip: { 'index-url': url } });
    expect(first).toMatchObject({ id, group });
    expect(others.some((source) => source.id === id)).toBe(false);
  });

  test('the last --index-url of the requirements beats the configuration', () => {
    const index = (url: string) =>
      ({ kind: 'index-url', url, credentials: null, origin: 'requirements.txt:1' }) as const;
    const [first] = of({
      indexes: [index('https://a.example/simple/'), index('https://b.example/simple/')],
      pip: { 'index-url': 'https://c.example/' },
    });
    expect(first).toMatchObject({ id: 'configured', url: 'https://b.example/simple/' });
  });

  test('nobody knowing the official index is no error', () => {
    expect(ids({ official: null })).toEqual(['python:near', 'python:far', 'paddle:paddle']);
  });
});

describe('a list of mirrors', () => {
  test('is exclusive and in its order, the official index by being named', () => {
    const wish = [
      { kind: 'url', url: 'http://10.0.0.5:8080/simple', credentials: null },
      { kind: 'name', name: 'official' },
      { kind: 'name', name: 'far' },
    ] as const;
    expect(ids({ mirrors: wish, pip: { 'index-url': 'https://other.example/simple' } })).toEqual([
      'python:10.0.0.5:8080',
      'python:official',
      'python:far',
      'paddle:paddle',
    ]);
  });

  test('leaves the index of a requirements file out, and says so', () => {
    const indexes = [
      { kind: 'index-url', url: 'https://other.example/simple', credentials: null, origin: 'requirements.txt:1' },
    ] as const;
    expect(ids({ mirrors: [{ kind: 'name', name: 'far' }], indexes })).toEqual(['python:far', 'paddle:paddle']);
    expect(log.notices).toContainEqual({
      id: 'exclusive-requirements.txt:1',
      text: expect.stringContaining('https://other.example/simple is not asked'),
    });
  });

  test('that names unknown mirrors, or the official index where nobody knows it, fails with all of them at once', () => {
    const problems = problemsOf({
      official: null,
      mirrors: [
        { kind: 'name', name: 'official' },
        { kind: 'name', name: 'nowhere' },
      ],
    });
    expect(problems).toMatchObject([
      { where: 'mirrors', what: expect.stringContaining('not known') },
      { what: 'There is no mirror `nowhere`.', remedy: expect.stringContaining('near, far') },
    ]);
  });
});

describe('extra indexes', () => {
  test('are private, their credentials taken out and masked', () => {
    const sources = of({
      pip: { 'extra-index-url': 'https://me:s%40cret@nexus.example/repo/simple\n https://devpi.example/simple' },
    });
    expect(sources.filter(({ kind }) => kind === 'private')).toMatchObject([
      {
        id: 'nexus.example',
        url: 'https://nexus.example/repo/simple/',
        credentials: { username: 'me', password: 's@cret' },
      },
      { id: 'devpi.example', credentials: null },
    ]);
    expect(log.secrets).toEqual(expect.arrayContaining(['s@cret', 's%40cret']));
    expect(log.secrets).not.toContain('me');
  });

  test('that are public mirrors are mirrors', () => {
    expect(ids({ pip: { 'extra-index-url': 'https://far.example/simple' } })).toEqual([
      'python:official',
      'python:far',
      'python:near',
      'paddle:paddle',
    ]);
  });

  test("that are folders of PaddlePaddle's index are left to the device", () => {
    const extra = {
      kind: 'extra-index-url',
      url: 'https://paddle.example/packages/stable/cu126/',
      credentials: null,
      origin: 'requirements.txt:2',
    } as const;
    expect(ids({ indexes: [extra] })).toEqual(ids());
    expect(log.lines.at(-1)).toContain('requirements.txt:2');
  });

  test('that are no addresses are all named at once, without their secrets', () => {
    const problems = problemsOf({
      pip: {
        'extra-index-url': 'ftp://me:secret@x.example/ nonsense',
        'find-links': 'file://elsewhere/wheels file:///srv%2Fwheels file:///srv/%zz',
      },
    });
    expect(problems).toHaveLength(5);
    expect(JSON.stringify(problems)).not.toContain('secret');
  });
});

describe('find-links', () => {
  test('are folders or pages, from requirements and from pip, `~` and file addresses understood', () => {
    const links = of({
      noIndex: true,
      indexes: [{ kind: 'find-links', url: '/srv/wheels', credentials: null, origin: 'r.txt:1' }],
      pip: { 'find-links': '~/wheels file:///opt/wheels https://pages.example/list.html ~nobody/wheels' },
    });
    expect(links).toMatchObject([
      { id: 'find-links', url: '/srv/wheels' },
      { id: 'find-links-2', url: join(homedir(), 'wheels') },
      { id: 'find-links-3', url: '/opt/wheels' },
      { id: 'pages.example', url: 'https://pages.example/list.html' },
      // Whose home that is can't be told without asking: a path as any other.
      { id: 'find-links-4', url: join(process.cwd(), '~nobody/wheels') },
    ]);
  });

  test.each([{ noIndex: true }, { pip: { 'no-index': 'true' } }])('are all that is left with --no-index', (change) => {
    expect(ids(change)).toEqual([]);
  });

  test("pip's no-index gives way to a list of mirrors", () => {
    expect(ids({ pip: { 'no-index': '1' }, mirrors: [{ kind: 'name', name: 'near' }] })).toEqual([
      'python:near',
      'paddle:paddle',
    ]);
  });
});

test("copies of PaddlePaddle's index replace the catalogue's", () => {
  const copy = { url: 'http://192.168.1.9/paddle', credentials: null };
  expect(of({ paddleIndexes: [copy] }).at(-1)).toMatchObject({
    kind: 'paddle',
    id: '192.168.1.9',
    url: 'http://192.168.1.9/paddle/',
  });
});
