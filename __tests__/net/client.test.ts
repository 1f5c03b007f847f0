import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createClient } from '../../src/net/client.js';
import { type HttpClient, HttpFault, type HttpRequest } from '../../src/values/http.js';
import type { Network } from '../../src/values/runner.js';
import { keptLog } from '../support/log.js';
import { type MirrorOptions, startMirror } from '../support/mirror.js';
import { startProxy } from '../support/proxy.js';

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

const direct: Network = { httpsProxy: null, httpProxy: null, noProxy: [], caFiles: [] };

function client(network: Partial<Network> = {}): HttpClient {
  const made = createClient({ network: { ...direct, ...network }, version: '1.2.3', log: keptLog() });
  open.push(made);
  return made;
}

async function mirror(options: Partial<MirrorOptions> = {}) {
  const made = await startMirror({
    files: { six: { 'six-1.0.tar.gz': Buffer.from('0123456789'.repeat(10_000)) } },
    ...options,
  });
  open.push(made);
  return made;
}

async function server(handler: Parameters<typeof createServer>[1]): Promise<string> {
  const made: Server = createServer(handler);
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  open.push({
    async close() {
      made.closeAllConnections();
      await new Promise((resolve) => made.close(resolve));
    },
  });
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
}

const ask = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  url,
  signal: AbortSignal.timeout(20_000),
  ...more,
});

async function read(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function faultOf(work: Promise<unknown>): Promise<HttpFault> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof HttpFault) return error;
  throw new Error(`no fault, but ${String(error)}`);
}

describe('an answer', () => {
  test('carries the status, the header in lower case and the bytes as sent', async () => {
    const { url } = await mirror();
    const answer = await client().request(
      ask(`${url}/files/six/six-1.0.tar.gz`, { headers: { range: 'bytes=10-19' } }),
    );
    expect(answer.status).toBe(206);
    expect(answer.headers['content-range']).toBe('bytes 10-19/100000');
    expect((await read(answer.body)).toString()).toBe('0123456789');
  });

  test('of any status is an answer', async () => {
    const { url } = await mirror();
    const answer = await client().request(ask(`${url}/simple/unknown/`));
    expect(answer.status).toBe(404);
    expect(await answer.text(1000)).toBe('Not Found');
  });

  test('is asked for under an honest name, and not compressed unless the caller says so', async () => {
    const { url, requests } = await mirror();
    (await client().request(ask(`${url}/simple/six/`, { headers: { 'user-agent': 'Mozilla/5.0' } }))).cancel();
    expect(requests[0]?.headers['user-agent']).toBe(
      `paddle-mirror-setup/1.2.3 (+node/${process.versions.node}; ${process.platform})`,
    );
    expect(requests[0]?.headers['accept-encoding']).toBe('identity');
  });

  test('is read as text through gzip, up to a limit that holds for the text and not for the wire', async () => {
    const { url } = await mirror({
      files: { six: Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`six-${n}.tar.gz`, Buffer.from('x')])) },
    });
    const gzip = ask(`${url}/simple/six/`, { headers: { 'accept-encoding': 'gzip' } });
    const answer = await client().request(gzip);
    expect(Number(answer.headers['content-length'])).toBeLessThan(20_000);
    expect(await answer.text(1_000_000)).toContain('six-499.tar.gz');
    const fault = await faultOf((await client().request(gzip)).text(20_000));
    expect(fault.kind).toBe('malformed');
    expect(fault.message).toContain('larger than 20000 bytes');
  });

  test('with broken compression is malformed', async () => {
    const url = await server((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('this is no gzip'),
    );
    expect((await faultOf((await client().request(ask(url))).text(1000))).kind).toBe('malformed');
  });

  test('leaves its connection for later requests', async () => {
    const { url, requests } = await mirror();
    const http = client();
    for (let turn = 0; turn < 6; turn += 1) await (await http.request(ask(`${url}/simple/six/`))).text(10_000);
    expect(new Set(requests.map((request) => request.port)).size).toBeLessThan(3);
  });

  test('larger than every buffer waits for a slow reader without a stall', async () => {
    const { url } = await mirror({ files: { big: { 'big-1.tar.gz': Buffer.alloc(8_000_000, 7) } } });
    const answer = await client().request(ask(`${url}/files/big/big-1.tar.gz`, { stallMs: 100 }));
    let size = 0;
    for await (const piece of answer.body) {
      if (size === 0) await new Promise((resolve) => setTimeout(resolve, 300));
      size += piece.length;
    }
    expect(size).toBe(8_000_000);
  });
});

describe('a redirect', () => {
  test('is followed, also a relative one, and the answer says who gave it', async () => {
    const { url } = await mirror({
      fault: ({ path }) => (path === '/old/' ? { kind: 'redirect', to: '../simple/six/' } : null),
    });
    const answer = await client().request(ask(`${url}/old/`));
    expect(answer.status).toBe(200);
    expect(answer.url).toBe(`${url}/simple/six/`);
    answer.cancel();
  });

  test('keeps the credentials on the same origin and drops them on another one', async () => {
    const other = await mirror();
    const { url, requests } = await mirror({
      fault: ({ path }) =>
        path === '/a'
          ? { kind: 'redirect', to: '/b' }
          : path === '/b'
            ? { kind: 'redirect', to: `${other.url}/simple/six/` }
            : null,
    });
    const credentials = { username: 'me', password: 'pässword' };
    (await client().request(ask(`${url}/a`, { credentials, headers: { cookie: 'x=1' } }))).cancel();
    const authorization = `Basic ${Buffer.from('me:pässword').toString('base64')}`;
    expect(requests.map((request) => request.headers.authorization)).toEqual([authorization, authorization]);
    expect(other.requests[0]?.headers.authorization).toBeUndefined();
    expect(other.requests[0]?.headers.cookie).toBeUndefined();
  });

  test('loop ends after five with a fault that names the place', async () => {
    const { url, requests } = await mirror({ fault: () => ({ kind: 'redirect', to: '/again' }) });
    const fault = await faultOf(client().request(ask(`${url}/start`)));
    expect(fault.kind).toBe('redirect');
    expect(fault.message).toBe(`${url}/start: more than 5 redirects, the last to ${url}/again.`);
    expect(requests).toHaveLength(6);
  });

  test.each(['file:///etc/passwd', 'http://[broken'])('to %s is refused', async (to) => {
    const { url } = await mirror({ fault: () => ({ kind: 'redirect', to }) });
    expect((await faultOf(client().request(ask(url)))).kind).toBe('redirect');
  });

  test('without a place is the answer', async () => {
    const url = await server((_, response) => response.writeHead(302).end());
    expect((await client().request(ask(url))).status).toBe(302);
  });
});

describe('a fault', () => {
  test('tells a refused connection', async () => {
    const gone = await mirror();
    await gone.close();
    const fault = await faultOf(client().request(ask(`${gone.url}/simple/?token=secret`)));
    expect(fault.kind).toBe('refused');
    expect(fault.message).toBe(`${gone.url}/simple/?***: the connection was refused (ECONNREFUSED).`);
  });

  test('tells a host name that does not exist', async () => {
    expect((await faultOf(client().request(ask('http://wheels.invalid/')))).kind).toBe('dns');
  });

  test('tells a server that takes the connection and never answers', async () => {
    const { url } = await mirror({ fault: () => ({ kind: 'silence' }) });
    const fault = await faultOf(client().request(ask(url, { headersMs: 80 })));
    expect(fault.kind).toBe('timeout');
    expect(fault.message).toContain('no answer within 0.08 s');
  });

  test('tells a body that stops coming', async () => {
    const { url } = await mirror({ fault: () => ({ kind: 'stall', after: 1000 }) });
    const answer = await client().request(ask(`${url}/files/six/six-1.0.tar.gz`, { stallMs: 80 }));
    expect((await faultOf(read(answer.body))).kind).toBe('timeout');
  });

  test.each(['reset', 'truncate'] as const)('tells a body that ends early by %s', async (kind) => {
    const { url } = await mirror({ fault: () => ({ kind, after: 1000 }) });
    const answer = await client().request(ask(`${url}/files/six/six-1.0.tar.gz`));
    expect((await faultOf(read(answer.body))).kind).toBe('reset');
  });

  test('that comes while nobody reads is kept for the reader', async () => {
    const { url } = await mirror({ fault: () => ({ kind: 'reset', after: 1000 }) });
    const answer = await client().request(ask(`${url}/files/six/six-1.0.tar.gz`));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect((await faultOf(read(answer.body))).kind).toBe('reset');
  });

  test('tells an answer that is not HTTP', async () => {
    const raw = createTcpServer((socket) =>
      socket.on('error', () => undefined).once('data', () => socket.end('SSH-2.0-OpenSSH\r\n')),
    );
    await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
    open.push({ close: () => new Promise((resolve) => raw.close(resolve)) });
    const fault = await faultOf(client().request(ask(`http://127.0.0.1:${(raw.address() as AddressInfo).port}/`)));
    expect([fault.kind, fault.message]).toEqual(['malformed', expect.stringContaining('not HTTP')]);
  });

  test('is none where the caller gave up: its own reason comes back', async () => {
    const { url } = await mirror({ fault: () => ({ kind: 'silence' }) });
    const reason = new Error('deadline');
    const controller = new AbortController();
    const work = client().request({ url, signal: controller.signal });
    setTimeout(() => controller.abort(reason), 50);
    await expect(work).rejects.toBe(reason);
    await expect(client().request({ url, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test('in the middle of a body also gives the reason of the caller', async () => {
    const { url } = await mirror({ fault: () => ({ kind: 'stall', after: 1000 }) });
    const controller = new AbortController();
    const answer = await client().request({ url: `${url}/files/six/six-1.0.tar.gz`, signal: controller.signal });
    const reason = new Error('deadline');
    setTimeout(() => controller.abort(reason), 50);
    await expect(read(answer.body)).rejects.toBe(reason);
  });
});

describe('a proxy', () => {
  async function behind(auth?: string) {
    const target = await mirror();
    const proxy = await startProxy({
      hosts: { 'index.example': target.url.slice('http://'.length) },
      ...(auth ? { auth } : {}),
    });
    open.push(proxy);
    return { target, proxy };
  }

  test('is asked in absolute form for http, with its own credentials', async () => {
    const { target, proxy } = await behind('user:p@ss');
    const http = client({ httpProxy: proxy.url.replace('//', '//user:p%40ss@') });
    const answer = await http.request(ask('http://index.example/simple/six/'));
    expect(answer.status).toBe(200);
    answer.cancel();
    expect(proxy.passed).toEqual(['GET http://index.example/simple/six/']);
    expect(target.requests[0]?.headers.host).toBe('index.example');
    expect(target.requests[0]?.headers['proxy-authorization']).toBeUndefined();
  });

  test('that wants credentials is named, and its password is not shown', async () => {
    const { proxy } = await behind('user:right');
    const http = client({
      httpProxy: proxy.url.replace('//', '//user:wrong@'),
      httpsProxy: proxy.url.replace('//', '//user:wrong@'),
    });
    for (const scheme of ['http', 'https']) {
      const fault = await faultOf(http.request(ask(`${scheme}://index.example/`)));
      expect(fault.kind).toBe('proxy');
      expect(fault.message).toContain('wants a user name and password');
      expect(fault.message).not.toContain('wrong');
    }
  });

  test('that is not there is told apart from a target that is not there', async () => {
    const { proxy } = await behind();
    await proxy.close();
    const http = client({ httpProxy: proxy.url, httpsProxy: proxy.url });
    for (const scheme of ['http', 'https']) {
      const fault = await faultOf(http.request(ask(`${scheme}://index.example/`)));
      expect(fault.kind).toBe('proxy');
      expect(fault.message).toContain(`the proxy ${proxy.url}/ cannot be reached`);
    }
  });

  test('is never asked for loopback hosts', async () => {
    const { target, proxy } = await behind();
    (await client({ httpProxy: proxy.url }).request(ask(`${target.url}/simple/six/`))).cancel();
    expect(proxy.passed).toEqual([]);
  });

  test.each(['socks5://127.0.0.1:1080', 'http://['])('of another kind is one fault: %s', async (httpProxy) => {
    expect((await faultOf(client({ httpProxy }).request(ask('http://index.example/')))).kind).toBe('proxy');
  });
});
