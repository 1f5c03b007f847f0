import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createClient } from '../../src/net/client.js';
import { fetchPage, type PaddleFolder } from '../../src/sources/fetch-page.js';
import type { HttpClient } from '../../src/values/http.js';
import type { Source } from '../../src/values/source.js';
import { keptLog } from '../support/log.js';
import { type MirrorFault, type MirrorOptions, startMirror } from '../support/mirror.js';

const open: { close(): Promise<unknown> }[] = [];
let client: HttpClient;
let folder: string;
beforeAll(async () => {
  client = createClient({
    network: { httpsProxy: null, httpProxy: null, noProxy: [], caFiles: [] },
    version: '1',
    log: keptLog(),
  });
  folder = await mkdtemp(join(tmpdir(), 'find-links-'));
  await writeFile(join(folder, 'six-1.16.0-py2.py3-none-any.whl'), 'wheel');
  await writeFile(join(folder, 'idna-3.0.tar.gz'), 'sdist');
  await writeFile(join(folder, 'notes.txt'), 'none');
  await mkdir(join(folder, 'six-2.0.tar.gz'));
  await symlink(join(folder, 'gone'), join(folder, 'six-3.0.tar.gz'));
  await symlink(join(folder, 'six-4.0.tar.gz'), join(folder, 'six-4.0.tar.gz'));
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});
afterAll(async () => {
  await client.close();
  await rm(folder, { recursive: true });
});

const six = { 'six-1.0.tar.gz': Buffer.from('sdist'), 'six-1.16.0-py2.py3-none-any.whl': Buffer.from('PK wheel') };

async function mirror(options: Partial<MirrorOptions> = {}) {
  const made = await startMirror({ files: { six }, ...options });
  open.push(made);
  return made;
}

const source = (url: string, kind: Source['kind'] = 'python'): Source => ({
  id: 'one',
  kind,
  url,
  credentials: null,
  connections: 4,
  group: 'one',
  origin: 'test',
});

function ask(
  where: Source,
  more: { project?: string; folder?: PaddleFolder; firstAnswerMs?: number; signal?: AbortSignal } = {},
) {
  return fetchPage(client, {
    source: where,
    project: 'six',
    folder: null,
    firstAnswerMs: 5000,
    signal: AbortSignal.timeout(20_000),
    ...more,
  });
}

describe('a page', () => {
  test.each([true, false])('is read as JSON or HTML, whatever the source has (JSON: %s)', async (json) => {
    const { index, requests } = await mirror({ json });
    const page = await ask(source(index));
    expect(page).toMatchObject({
      dropped: 0,
      files: [{ filename: 'six-1.0.tar.gz', sha256: expect.any(String) }, { project: 'six' }],
    });
    expect(page).toMatchObject({ host: new URL(index).host });
    expect(
      requests.map(({ path, headers }) => [
        path,
        String(headers.accept).startsWith('application/vnd.pypi.simple.v1+json'),
      ]),
    ).toEqual([['/simple/six/', true]]);
  });

  test("of PaddlePaddle's index lies under channel and folder, and states no hash", async () => {
    const { index } = await mirror({ paddle: true, files: { 'stable/cu126/six': six } });
    const page = await ask(source(index, 'paddle'), { folder: { channel: 'stable', folder: 'cu126' } });
    expect(page).toMatchObject({ files: [{ sha256: null }, { sha256: null }] });
    expect(
      await ask(source(index, 'paddle'), { project: 'idna', folder: { channel: 'stable', folder: 'cu126' } }),
    ).toMatchObject({ kind: 'empty' });
  });

  test("leaves out and counts another project's files", async () => {
    const { index } = await mirror({ files: { six: { ...six, 'idna-3.0.tar.gz': Buffer.from('x') } } });
    expect(await ask(source(index))).toMatchObject({ dropped: 1, files: [{ project: 'six' }, { project: 'six' }] });
  });

  test('that is reached by a redirect tells the host that answered, and its links are against that', async () => {
    const target = await mirror();
    const { index } = await mirror({ fault: () => ({ kind: 'redirect', to: `${target.index}six/` }) });
    expect(await ask(source(index))).toMatchObject({
      host: new URL(target.url).host,
      files: [{ url: `${target.url}/files/six/six-1.0.tar.gz` }, {}],
    });
  });
});

describe('find-links', () => {
  test('of a folder give its distribution files of every project, without hashes', async () => {
    const page = await ask(source(folder, 'find-links'));
    const files = 'files' in page ? [...page.files].sort((a, b) => a.filename.localeCompare(b.filename)) : [];
    expect(files).toMatchObject([
      { project: 'idna', filename: 'idna-3.0.tar.gz' },
      {
        project: 'six',
        size: 5,
        sha256: null,
        url: pathToFileURL(join(folder, 'six-1.16.0-py2.py3-none-any.whl')).href,
      },
    ]);
  });

  test('of a page give the files of every project on it', async () => {
    const { index } = await mirror({
      files: { 'any-page': { ...six, 'idna-3.0.tar.gz': Buffer.from('x') } },
      json: false,
    });
    const page = await ask(source(`${index}any-page/`, 'find-links'));
    expect('files' in page && page.files.map((file) => file.project)).toEqual(['six', 'six', 'idna']);
  });

  test('of a folder that is not there are missing, and the remedy says who names it', async () => {
    expect(await ask(source(join(folder, 'gone'), 'find-links'))).toMatchObject({
      kind: 'missing',
      remedy: expect.stringContaining('test'),
    });
  });
});

describe('a source that does not serve is told apart', () => {
  const ban = '<html><body>我们检测到您所在的子网存在大量下载 00000069</body></html>';
  const cases: readonly [string, MirrorFault, Source['kind'], object][] = [
    ['no such project', { kind: 'status', status: 404 }, 'python', { kind: 'missing', detail: 'status 404' }],
    [
      'a ban by status',
      { kind: 'status', status: 403, body: ban },
      'python',
      { kind: 'banned', detail: expect.stringContaining('检测到您') },
    ],
    [
      'a ban behind status 200',
      { kind: 'status', status: 200, body: ban, headers: { 'content-type': 'text/html' } },
      'python',
      { kind: 'banned' },
    ],
    [
      'too many requests',
      { kind: 'status', status: 429, headers: { 'retry-after': '7' } },
      'python',
      { kind: 'banned', detail: expect.stringContaining('Retry-After 7') },
    ],
    ['a country barred', { kind: 'status', status: 451 }, 'python', { kind: 'banned' }],
    [
      'a login page',
      {
        kind: 'status',
        status: 200,
        body: '<html>Sign in<form><input></form>',
        headers: { 'content-type': 'text/html' },
      },
      'python',
      { kind: 'html', detail: expect.stringContaining('Sign in') },
    ],
    [
      'garbage',
      { kind: 'status', status: 200, body: '\u0000\u0001', headers: { 'content-type': 'application/octet-stream' } },
      'python',
      { kind: 'malformed' },
    ],
    [
      'a private index without credentials',
      { kind: 'status', status: 401 },
      'private',
      { kind: 'status', remedy: expect.stringContaining('user name and password') },
    ],
    [
      'a private index that forbids',
      { kind: 'status', status: 403 },
      'private',
      { kind: 'status', remedy: expect.stringContaining('user name and password') },
    ],
    [
      'a broken server',
      { kind: 'status', status: 503, body: 'upstream down' },
      'python',
      { kind: 'status', detail: 'status 503: upstream down' },
    ],
    ['a page cut short', { kind: 'truncate', after: 20 }, 'python', { kind: 'reset' }],
    ['a redirect loop', { kind: 'redirect', to: '/simple/six/' }, 'python', { kind: 'redirect' }],
  ];
  test.each(cases)('%s', async (_, fault, kind, expected) => {
    const { index } = await mirror({ fault: () => fault });
    expect(await ask(source(index, kind))).toMatchObject({ source: 'one', url: `${index}six/`, ...expected });
  });

  test('silence past the limit for the first answer', async () => {
    const { index } = await mirror({ fault: () => ({ kind: 'silence' }) });
    expect(await ask(source(index), { firstAnswerMs: 100 })).toMatchObject({
      kind: 'timeout',
      detail: 'no answer within 0.1 s',
    });
  });

  test('a page that comes no further', async () => {
    const { index } = await mirror({ fault: () => ({ kind: 'stall', after: 20 }) });
    expect(await ask(source(index), { firstAnswerMs: 300 })).toMatchObject({
      kind: 'timeout',
      detail: expect.stringContaining('nothing more of the answer came within 0.3 s'),
    });
  });

  test('but the abort of the caller is thrown as it is', async () => {
    const { index } = await mirror({ fault: () => ({ kind: 'silence' }) });
    const reason = new Error('deadline');
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 50);
    await expect(ask(source(index), { signal: controller.signal })).rejects.toBe(reason);
  });
});
