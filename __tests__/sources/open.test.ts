import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createClient } from '../../src/net/client.js';
import { openSources } from '../../src/sources/open.js';
import type { HttpClient } from '../../src/values/http.js';
import type { Origin } from '../../src/values/plan.js';
import type { Source } from '../../src/values/source.js';
import { type KeptLog, keptLog } from '../support/log.js';
import { type Mirror, type MirrorOptions, startMirror } from '../support/mirror.js';

let client: HttpClient;
let log: KeptLog;
const open: { close(): Promise<unknown> }[] = [];
beforeEach(() => {
  log = keptLog();
  client = createClient({
    network: { httpsProxy: null, httpProxy: null, noProxy: [], caFiles: [] },
    version: '1',
    log,
  });
  open.push(client);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

const wheel = Buffer.concat([Buffer.from('PK'), Buffer.alloc(300_000, 1)]);
const six = { 'six-1.16.0-py2.py3-none-any.whl': wheel };
const idna = { 'idna-3.0-py3-none-any.whl': wheel };
const evil = { 'six-99.0-py2.py3-none-any.whl': Buffer.from('PK evil') };
const cpu: Origin = { kind: 'paddle', channel: 'stable', folder: 'cpu' };
const python: Origin = { kind: 'python' };

async function mirror(options: Partial<MirrorOptions> = {}): Promise<Mirror> {
  const made = await startMirror({ files: { six }, ...options });
  open.push(made);
  return made;
}

async function gone(): Promise<Mirror> {
  const made = await startMirror({ files: {} });
  await made.close();
  return made;
}

const source = (id: string, where: string, more: Partial<Source> = {}): Source => ({
  id,
  kind: 'python',
  url: where,
  credentials: null,
  connections: 4,
  group: id,
  origin: 'test',
  ...more,
});

function sources(roster: readonly Source[], more: { exclusive?: boolean; kept?: unknown; signal?: AbortSignal } = {}) {
  return openSources({ roster, exclusive: false, client, log, signal: AbortSignal.timeout(50_000), ...more });
}

const names = (page: { files: readonly { filename: string }[] }) => page.files.map(({ filename }) => filename);

describe('a project page', () => {
  test('is asked for once, however many ask', async () => {
    const official = await mirror();
    const opened = sources([source('official', official.index)]);
    const pages = await Promise.all([opened.page('six'), opened.page('six'), opened.page('six')]);
    expect(new Set(pages).size).toBe(1);
    expect(official.requests.filter(({ path }) => path === '/simple/six/')).toHaveLength(1);
    expect(opened.used()).toEqual(['official']);
  });

  test('comes from the first choice alone where that is fast: no mirror is asked', async () => {
    const [official, near] = [await mirror(), await mirror()];
    const opened = sources([source('official', official.index), source('near', near.index)]);
    expect(await opened.page('six')).toMatchObject({
      answered: ['official'],
      faults: [],
      files: [{ hashOrigin: 'official', locations: [{ source: 'official' }] }],
    });
    await opened.keep();
    expect(near.requests).toEqual([]);
  });

  test('that nobody has is missing, and the official index alone settles it', async () => {
    const [official, near] = [await mirror(), await mirror()];
    const opened = sources([source('official', official.index), source('near', near.index)]);
    expect(await opened.page('nothing')).toMatchObject({
      files: [],
      answered: [],
      faults: [{ source: 'official', kind: 'missing' }],
    });
    expect(near.requests).toEqual([]);
    expect(opened.faults()).toEqual([]);
  });

  test('that could not be had is asked for again by the next who wants it', async () => {
    let broken = true;
    const only = await mirror({ fault: () => (broken ? { kind: 'status', status: 403 } : null) });
    const opened = sources([source('official', only.index)]);
    expect(await opened.page('six')).toMatchObject({ files: [], faults: [{ kind: 'banned' }] });
    broken = false;
    expect(names(await opened.page('six'))).toEqual(Object.keys(six));
  });

  test('of the only source is tried again after a passing fault', async () => {
    let left = 2;
    const only = await mirror({ fault: () => (left-- > 0 ? { kind: 'status', status: 503 } : null) });
    expect(names(await sources([source('official', only.index)]).page('six'))).toEqual(Object.keys(six));
  });

  test('is given up with the reason of the signal', async () => {
    const silent = await mirror({ fault: () => ({ kind: 'silence' }) });
    const controller = new AbortController();
    const reason = new Error('deadline');
    setTimeout(() => controller.abort(reason), 100);
    await expect(sources([source('official', silent.index)], { signal: controller.signal }).page('six')).rejects.toBe(
      reason,
    );
  });
});

describe('a dead first choice', () => {
  test.each([
    ['that refuses', () => gone()],
    ['that is silent', () => mirror({ fault: () => ({ kind: 'silence' }) })],
    ['that bans', () => mirror({ fault: () => ({ kind: 'status', status: 403, body: 'banned' }) })],
    [
      'that answers with a login page',
      () =>
        mirror({
          fault: () => ({
            kind: 'status',
            status: 200,
            body: '<form>Sign in</form>',
            headers: { 'content-type': 'text/html' },
          }),
        }),
    ],
  ])('%s is passed over for the next in a list of mirrors, and not asked first again', async (_, make) => {
    const [first, second] = [await make(), await mirror({ files: { six, idna } })];
    const opened = sources([source('first', first.index), source('second', second.index)], { exclusive: true });
    expect(await opened.page('six')).toMatchObject({ answered: ['second'] });
    await opened.page('idna');
    expect(first.requests.length).toBeLessThan(2);
    expect(opened.ranked().map(({ id }) => id)).toEqual(['second', 'first']);
  });

  test('gives way to mirrors where the official index is out of reach, and is told as a fault', async () => {
    const [official, near] = [await gone(), await mirror()];
    const opened = sources([source('official', official.index), source('near', near.index)]);
    expect(await opened.page('six')).toMatchObject({ answered: ['near'], files: [{ hashOrigin: 'index' }] });
    expect(opened.faults()).toMatchObject([{ source: 'official', kind: 'refused' }]);
  });

  test('that is the configured index is stood in for, with a warning', async () => {
    const [configured, official] = [await gone(), await mirror()];
    const opened = sources([source('configured', configured.index), source('official', official.index)]);
    expect(await opened.page('six')).toMatchObject({ answered: ['official'] });
    expect(log.notices.map(({ id }) => id)).toEqual(['configured-index-failed']);
  });
});

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
    expect(log.notices.map(({ id }) => id)).toEqual(['find-links-links']);
    expect(await sources([links]).page('six')).toMatchObject({
      files: [],
      faults: [{ source: 'links', kind: 'missing' }],
    });
  });
});

describe('a slow first choice', () => {
  const big = { 'six-1.16.0-py2.py3-none-any.whl': Buffer.concat([Buffer.from('PK'), Buffer.alloc(1_500_000, 1)]) };
  async function race() {
    const files = { six: big, idna };
    const [official, near, far] = [
      await mirror({ files, bytesPerSecondPerConnection: 300_000 }),
      await mirror({ files }),
      await gone(),
    ];
    return {
      official,
      near,
      roster: [source('official', official.index), source('far', far.index), source('near', near.index)],
    };
  }

  test('is measured on its own page, then mirrors are probed and the faster one is used, with the official hash', async () => {
    const { roster } = await race();
    const opened = sources(roster);
    expect(await opened.page('six')).toMatchObject({ answered: ['official'] });
    const kept = await opened.keep();
    expect(kept).toMatchObject({ schema: 1, wide: true, order: [{ id: 'near' }, { id: 'official' }, { id: 'far' }] });
    expect(await opened.page('six')).toMatchObject({
      answered: ['near', 'official'],
      files: [{ hashOrigin: 'official', locations: [{ source: 'near' }, { source: 'official' }] }],
    });
    expect(opened.ranked()[0]?.id).toBe('near');
  });

  test('is known from a kept ranking, so that nothing is probed', async () => {
    const { roster, near } = await race();
    const first = sources(roster);
    await first.page('six');
    const kept: unknown = JSON.parse(JSON.stringify(await first.keep()));
    const before = near.requests.length;
    const second = sources(roster, { kept });
    expect((await second.page('idna')).answered[0]).toBe('near');
    expect(near.requests.slice(before).map(({ path }) => path)).toEqual(['/simple/idna/']);
    expect(await second.keep()).toEqual(kept);
  });
});
