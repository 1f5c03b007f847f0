import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Mirror, MirrorOptions } from '../support/mirror.js';
import { cpu, evil, gone, log, mirror, names, open, python, six, source, sources, wheel } from './house.js';

describe('the configured index of a network of its own', () => {
  async function corporate(fault?: MirrorOptions['fault']) {
    const [configured, official] = [
      await mirror(fault ? { fault } : {}),
      await mirror({ files: { six: { ...six, ...evil }, inner: evil } }),
    ];
    return {
      configured,
      official,
      opened: sources([source('configured', configured.index), source('official', official.index)]),
    };
  }

  test('says alone which files there are', async () => {
    const { opened, official } = await corporate();
    expect(names(await opened.page('six'))).toEqual(Object.keys(six));
    expect(await opened.page('inner')).toMatchObject({
      files: [],
      faults: [{ source: 'configured', kind: 'missing' }],
    });
    expect(official.requests).toEqual([]);
  });

  test('is widened by the same bytes from others, and by nothing else', async () => {
    const { opened } = await corporate();
    const page = await opened.widen('six');
    expect(page.files.map(({ filename, locations }) => [filename, locations.map((place) => place.source)])).toEqual([
      ['six-1.16.0-py2.py3-none-any.whl', ['configured', 'official']],
    ]);
  });

  test('that fails for one project after it has answered is not replaced', async () => {
    const { opened, official } = await corporate(({ path }) =>
      path.includes('inner') ? { kind: 'status', status: 403 } : null,
    );
    await opened.page('six');
    expect(await opened.page('inner')).toMatchObject({ files: [], faults: [{ source: 'configured', kind: 'banned' }] });
    expect(official.requests).toEqual([]);
  });

  const login = { status: 200, headers: { 'content-type': 'text/html' }, body: '<form>Sign in</form>' };
  test.each([
    ['a token that has expired', { status: 403, body: 'token expired' }],
    ['a login page', login],
    ['too many requests', { status: 429 }],
    ['a broken backend', { status: 400 }],
  ])('that answers its first question with %s is not replaced by a public one, and is named', async (_, answer) => {
    const { opened, official } = await corporate(() => ({ kind: 'status', ...answer }));
    expect(await opened.page('six')).toMatchObject({ files: [], faults: [{ source: 'configured' }] });
    expect(await opened.page('inner')).toMatchObject({ files: [], faults: [{ source: 'configured' }] });
    expect(official.requests).toEqual([]);
    const [notice] = log().notices;
    expect(notice?.text).toMatch(
      /^The configured index fails \(.*no other index stands in for it\. Correct it in test/,
    );
  });

  test('that has credentials is not replaced where it cannot be reached', async () => {
    const [configured, official] = [await gone(), await mirror({ files: { six: evil } })];
    const credentials = { username: 'me', password: 'pw' };
    const roster = [source('configured', configured.index, { credentials }), source('official', official.index)];
    expect(await sources(roster).page('six')).toMatchObject({
      files: [],
      faults: [{ source: 'configured', kind: 'refused' }],
    });
    expect(official.requests).toEqual([]);
  });

  test('that is a known mirror and bans this machine is passed over', async () => {
    const [banning, official] = [await mirror({ fault: () => ({ kind: 'status', status: 403 }) }), await mirror()];
    const opened = sources([source('tuna', banning.index), source('official', official.index, { group: 'official' })]);
    expect(await opened.page('six')).toMatchObject({ answered: ['official'] });
  });
});

describe('a private index', () => {
  const roster = (inner: Mirror, official: Mirror) => [
    source('official', official.index),
    source('inner', inner.index, { kind: 'private', credentials: { username: 'me', password: 'pw' } }),
  ];

  test('that has a project is the only one asked for it, with its credentials', async () => {
    const [inner, official] = [await mirror(), await mirror({ files: { six: evil } })];
    expect(names(await sources(roster(inner, official)).page('six'))).toEqual(Object.keys(six));
    expect(official.requests).toEqual([]);
    expect(inner.requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('me:pw').toString('base64')}`);
  });

  test.each([
    ['an address that is not fetched', '<a href="ftp://inner.example/six-1.0-py3-none-any.whl">six</a>'],
    ['a file name that is none', '<a href="six-1.0 (ours).tar.gz">six</a>'],
    ["another project's file", '<a href="idna-3.0-py3-none-any.whl">six</a>'],
  ])('whose page lists nothing but %s is not replaced by the Python index, and says why', async (_, link) => {
    const body = `<title>Links for six</title>${link}`;
    const inner = await mirror({ fault: () => ({ kind: 'status', status: 200, body }) });
    const official = await mirror({ files: { six: evil } });
    const opened = sources(roster(inner, official));
    const told = { source: 'inner', kind: 'malformed', remedy: expect.stringContaining('outside address') };
    expect(await opened.page('six')).toMatchObject({ files: [], faults: [told] });
    expect(opened.faults()).toMatchObject([told]);
    expect(official.requests).toEqual([]);
  });

  test('that does not have it leaves it to the Python index, which never sees the credentials', async () => {
    const [inner, official] = [await mirror({ files: {} }), await mirror()];
    expect(await sources(roster(inner, official)).page('six')).toMatchObject({ answered: ['official'] });
    expect(official.requests[0]?.headers.authorization).toBeUndefined();
  });

  test.each([401, 403, 500])('that fails with %d is never replaced by another index', async (status) => {
    const [inner, official] = [
      await mirror({ fault: () => ({ kind: 'status', status }) }),
      await mirror({ files: { six: evil } }),
    ];
    expect(await sources(roster(inner, official)).page('six')).toMatchObject({
      files: [],
      faults: [{ source: 'inner', kind: 'status' }],
    });
    expect(official.requests).toEqual([]);
  });
});

describe("PaddlePaddle's index", () => {
  const paddlepaddle = { 'paddlepaddle-3.3.0-cp311-cp311-linux_x86_64.whl': wheel };
  const paddle = () => mirror({ paddle: true, files: { 'stable/cpu/paddlepaddle': paddlepaddle } });

  test('is asked for projects whose origin says so, and for no other', async () => {
    const [official, own] = [await mirror(), await paddle()];
    const opened = sources([source('official', official.index), source('paddle', own.index, { kind: 'paddle' })]);
    expect(await opened.page('six')).toMatchObject({ answered: ['official'] });
    expect(own.requests).toEqual([]);
    expect(await opened.page('paddlepaddle', [cpu])).toMatchObject({
      answered: ['paddle'],
      files: [{ sha256: null, hashOrigin: null }],
    });
    expect(official.requests.some(({ path }) => path.includes('paddlepaddle'))).toBe(false);
  });

  test('adds its files behind those of the Python index', async () => {
    const [official, own] = [
      await mirror({ files: { paddlepaddle: { 'paddlepaddle-3.2.2-cp311-cp311-manylinux1_x86_64.whl': wheel } } }),
      await paddle(),
    ];
    const opened = sources([source('official', official.index), source('paddle', own.index, { kind: 'paddle' })]);
    expect(names(await opened.page('paddlepaddle', [python, cpu]))).toEqual([
      'paddlepaddle-3.2.2-cp311-cp311-manylinux1_x86_64.whl',
      ...Object.keys(paddlepaddle),
    ]);
  });

  test('and the Python index are asked once, whether alone or together', async () => {
    const files = { 'stable/cpu/six': { 'six-2.0-py3-none-any.whl': wheel } };
    const [paddle, official] = [await mirror({ files, paddle: true }), await mirror()];
    const opened = sources([source('paddle', paddle.index, { kind: 'paddle' }), source('official', official.index)]);
    await Promise.all([opened.page('six', [python]), opened.page('six', [cpu])]);
    expect(names(await opened.page('six', [python, cpu]))).toHaveLength(2);
    const pages = [...paddle.requests, ...official.requests].filter(({ path }) => path.endsWith('/six/'));
    expect(pages).toHaveLength(2);
  });

  test('out of reach is a fault beside what the Python index lists', async () => {
    const [official, own] = [await mirror({ files: { paddlepaddle } }), await gone()];
    const opened = sources([source('official', official.index), source('paddle', own.index, { kind: 'paddle' })]);
    expect(await opened.page('paddlepaddle', [python, cpu])).toMatchObject({
      answered: ['official'],
      faults: [{ source: 'paddle', kind: 'refused' }],
    });
  });

  test('has copies that are asked when the first one is out of reach', async () => {
    const opened = sources([
      source('one', (await gone()).index, { kind: 'paddle' }),
      source('two', (await paddle()).index, { kind: 'paddle' }),
    ]);
    expect(await opened.page('paddlepaddle', [cpu])).toMatchObject({ answered: ['two'] });
  });
});

describe('find-links', () => {
  test('of a folder put its files beside those of the index, which knows their hash', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'open-test-'));
    open.push({ close: () => rm(folder, { recursive: true }) });
    await writeFile(join(folder, 'six-1.16.0-py2.py3-none-any.whl'), wheel);
    await writeFile(join(folder, 'six-2.0-py3-none-any.whl'), wheel);
    const official = await mirror();
    const page = await sources([
      source('official', official.index),
      source('links', folder, { kind: 'find-links' }),
    ]).page('six');
    expect(page.files).toMatchObject([
      {
        filename: 'six-1.16.0-py2.py3-none-any.whl',
        hashOrigin: 'official',
        locations: [{ source: 'links' }, { source: 'official' }],
      },
      {
        filename: 'six-2.0-py3-none-any.whl',
        sha256: null,
        locations: [{ source: 'links', url: expect.stringMatching(/^file:/) }],
      },
    ]);
    const alone = sources([source('links', folder, { kind: 'find-links' })]);
    expect(names(await alone.page('six'))).toHaveLength(2);
    expect(await alone.page('idna')).toMatchObject({ files: [], faults: [] });
  });

  test('that are not there are a warning beside an index, and the answer where there is none', async () => {
    const links = source('links', join(tmpdir(), 'not-there'), { kind: 'find-links' });
    expect(await sources([source('official', (await mirror()).index), links]).page('six')).toMatchObject({
      answered: ['official'],
      faults: [],
    });
    expect(log().notices.map(({ id }) => id)).toEqual(['find-links-links']);
    expect(await sources([links]).page('six')).toMatchObject({
      files: [],
      faults: [{ source: 'links', kind: 'missing' }],
    });
  });
});
