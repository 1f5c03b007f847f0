import { describe, expect, test } from '@jest/globals';
import { ask, client, faultOf, mirror, read, server } from './house.js';

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

  test('to another origin carries what is asked for, and none of the headers that may hold a secret', async () => {
    const other = await mirror();
    const { url } = await mirror({ fault: () => ({ kind: 'redirect', to: `${other.url}/simple/six/` }) });
    const asked = { accept: 'text/html', range: 'bytes=0-3', 'if-range': '"x"', 'cache-control': 'no-cache' };
    const headers = { ...asked, 'x-amz-security-token': 'secret', 'private-token': 'secret' };
    (await client().request(ask(`${url}/`, { headers }))).cancel();
    expect(other.requests[0]?.headers).toMatchObject({ ...asked, 'accept-encoding': 'identity' });
    expect(JSON.stringify(other.requests[0]?.headers)).not.toContain('secret');
  });

  test('circle is known by the first address that comes again', async () => {
    const { url, requests } = await mirror({ fault: () => ({ kind: 'redirect', to: '/again' }) });
    const fault = await faultOf(client().request(ask(`${url}/start`)));
    expect(fault.kind).toBe('redirect');
    expect(fault.message).toBe(`${url}/start: redirects in a circle, back to ${url}/again.`);
    expect(requests).toHaveLength(2);
  });

  test('chain ends after five with a fault that names the place', async () => {
    const { url, requests } = await mirror({ fault: ({ path }) => ({ kind: 'redirect', to: `${path}x` }) });
    const fault = await faultOf(client().request(ask(`${url}/`)));
    expect(fault.kind).toBe('redirect');
    expect(fault.message).toBe(`${url}/: more than 5 redirects, the last to ${url}/xxxxxx.`);
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
