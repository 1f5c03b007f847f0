import { createHash, randomBytes } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { disagreements, probeMirror } from '../../src/images/probe-mirror.js';
import { readChallenge } from '../../src/images/token.js';
import { createClient } from '../../src/net/client.js';
import type { HttpClient } from '../../src/values/http.js';
import type { ImageReference, MirrorVerdict } from '../../src/values/images.js';
import { keptLog } from '../support/log.js';

const image: ImageReference = { registry: 'docker.io', repository: 'paddlepaddle/paddle', tag: '3.3.1', digest: null };
const signal = new AbortController().signal;
let client: HttpClient;
const servers: Server[] = [];

beforeEach(() => {
  const network = { httpsProxy: null, httpProxy: null, noProxy: [], caFiles: [] };
  client = createClient({ network, version: '1', log: keptLog() });
});
afterEach(async () => {
  await client.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const look = (url: string, wanted = image): Promise<MirrorVerdict> =>
  probeMirror(client, { id: 'it', url, images: [wanted], architecture: 'amd64', signal });

const digestOf = (bytes: string | Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const layer = randomBytes(200_000);
const config = JSON.stringify({ architecture: 'amd64', os: 'linux' });
const manifest = JSON.stringify({
  schemaVersion: 2,
  config: { digest: digestOf(config) },
  layers: [{ digest: digestOf(layer) }],
});
const index = JSON.stringify({
  manifests: [
    { digest: `sha256:${'0'.repeat(64)}`, platform: { architecture: 's390x', os: 'linux' } },
    { digest: digestOf(manifest), platform: { architecture: 'amd64', os: 'linux' } },
  ],
});

type Answer = readonly [status: number, body?: string | Buffer, headers?: Readonly<Record<string, string>>];

/** A mirror that has the image; `changed` answers in its place where it has something to say of a path. */
function mirror(changed: (path: string) => Answer | undefined = () => undefined): Promise<string> {
  const root = '/v2/paddlepaddle/paddle';
  const files: Readonly<Record<string, string | Buffer>> = {
    '/v2/': '{}',
    [`${root}/manifests/3.3.1`]: index,
    [`${root}/manifests/${digestOf(manifest)}`]: manifest,
    [`${root}/blobs/${digestOf(config)}`]: config,
    [`${root}/blobs/${digestOf(layer)}`]: layer,
  };
  return serve((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const [status, body = '', headers = {}] = changed(path) ?? (files[path] === undefined ? [404] : [200, files[path]]);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  });
}

const coded = (code: string, message: string): string => JSON.stringify({ errors: [{ code, message }] });

describe('a mirror that serves what a pull asks for', () => {
  test('is of use, and says what the tag stands for', async () => {
    const verdict = await look(await mirror());
    expect(verdict).toMatchObject({
      fault: null,
      digests: { 'docker.io/paddlepaddle/paddle:3.3.1': digestOf(index) },
    });
  });

  test('may hand out tokens itself', async () => {
    const asked: string[] = [];
    const tokens = await serve((request, response) => {
      asked.push(request.url ?? '');
      response.end(JSON.stringify({ token: 'abc' }));
    });
    const inner = await mirror();
    const url = await serve((request, response) => {
      if (request.headers.authorization !== 'Bearer abc') {
        const challenge = `Bearer realm="${tokens}/token",service="it",scope="x"`;
        response.writeHead(401, { 'www-authenticate': challenge }).end();
        return;
      }
      response.writeHead(307, { location: `${inner}${request.url ?? ''}` }).end();
    });
    expect((await look(url)).fault).toBeNull();
    expect(asked).toEqual(['/token?service=it&scope=repository%3Apaddlepaddle%2Fpaddle%3Apull']);
  });
});

describe('why a mirror is of no use', () => {
  const unused = 'http://127.0.0.1:9';
  const challenge = (realm: string): Answer => [
    401,
    '',
    { 'www-authenticate': `Bearer realm="${realm}",service="hub"` },
  ];
  const on = (part: string, answer: Answer) => (path: string) => (path.includes(part) ? answer : undefined);
  test.each<readonly [string, string, () => Promise<string>]>([
    ['nobody listens', 'unreachable', () => Promise.resolve(unused)],
    [
      'a web page at the root',
      'not-a-registry',
      () => mirror(on('/v2/', [200, '<html>', { 'content-type': 'text/html' }])),
    ],
    ['no registry at all', 'not-a-registry', () => mirror(on('/v2/', [404, 'nothing here']))],
    ['its token host is out of reach', 'token-host', () => mirror(on('/v2/', challenge(`${unused}/token`)))],
    [
      'its token host is not protected',
      'not-a-registry',
      () => mirror(on('/v2/', challenge('http://mirror.invalid/token'))),
    ],
    ['it wants a login', 'login', () => mirror(on('/v2/', [401, '', { 'www-authenticate': 'Basic realm="it"' }]))],
    ['the manifest is refused', 'allow-list', () => mirror(on('manifests', [403, coded('DENIED', 'not allowed')]))],
    [
      'a blob is refused although the manifest came',
      'allow-list',
      () => mirror(on('blobs', [403, '这镜像不在白名单'])),
    ],
    ['its limit is reached', 'rate-limit', () => mirror(on('manifests', [429, coded('TOOMANYREQUESTS', 'slow down')]))],
    [
      'it does not have the image',
      'missing',
      () => mirror(on('manifests', [404, coded('MANIFEST_UNKNOWN', 'unknown')])),
    ],
    [
      'it says another digest than it gives',
      'wrong-digest',
      () => mirror(on('manifests/3.3.1', [200, index, { 'docker-content-digest': `sha256:${'1'.repeat(64)}` }])),
    ],
    ['a blob holds something else', 'wrong-digest', () => mirror(on(digestOf(config), [200, '{}']))],
    ['it breaks down', 'status', () => mirror(on('manifests', [500, coded('UNKNOWN', 'broken')]))],
  ])('%s: %s', async (_name, kind, make) => {
    const { fault } = await look(await make());
    expect(fault?.kind).toBe(kind);
    expect(fault?.remedy).not.toBe('');
    expect(fault?.detail).not.toMatch(/\n/);
  });

  test('a digest that was asked for is checked against the bytes', async () => {
    const digest = digestOf('other');
    const url = await mirror(on('manifests', [200, index]));
    expect((await look(url, { ...image, digest })).fault?.kind).toBe('wrong-digest');
  });
});

test('two mirrors that give a tag different content are told of', () => {
  const verdict = (id: string, digest: string): MirrorVerdict => ({
    id,
    url: '',
    digests: { x: digest },
    ms: 1,
    fault: null,
  });
  expect(disagreements([verdict('a', '1'), verdict('b', '1')])).toEqual([]);
  expect(disagreements([verdict('a', '1'), verdict('b', '2')])).toEqual(['x is 1 at a, 2 at b']);
});

test('any challenge is read, none takes long or throws', () => {
  fc.assert(fc.property(fc.string({ maxLength: 3000 }), (text) => typeof readChallenge(text).scheme === 'string'));
  expect(readChallenge('Bearer realm="https://a/t",service="s, t"').parameters).toEqual({
    realm: 'https://a/t',
    service: 's, t',
  });
});
