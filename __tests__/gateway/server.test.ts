import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { servingProblems } from '../../src/values/gateway.js';
import type { SourceFault } from '../../src/values/source.js';
import { content, sha256 } from '../transfer/setup.js';
import { ask, type House, openHouse } from './setup.js';
import { tinyWheel } from './tiny-wheel.js';

const small = 'small-1.0-py3-none-any.whl';
const large = 'large-1.0-py3-none-any.whl';
const files = {
  small: { [small]: tinyWheel('small', '1.0', 'hello') },
  large: { [large]: tinyWheel('large', '1.0', 'hello', content(2_000_000)) },
};
const smallBytes = files.small[small] ?? Buffer.alloc(0);
const largeBytes = files.large[large] ?? Buffer.alloc(0);
const json = { accept: 'application/vnd.pypi.simple.v1+json' };

const houses: House[] = [];
const house = async (...args: Parameters<typeof openHouse>): Promise<House> => {
  const opened = await openHouse(...args);
  houses.push(opened);
  return opened;
};
afterEach(async () => {
  await Promise.all(houses.splice(0).map((h) => h.close()));
});

describe('the door', () => {
  test('opens to the token alone', async () => {
    const h = await house(files);
    const wrong = { 'proxy-authorization': `Basic ${Buffer.from('x:guess').toString('base64')}` };
    expect((await ask(h.gateway, '/simple/small/', wrong)).status).toBe(407);
    expect((await ask(h.gateway, '/simple/small/', { 'proxy-authorization': 'Basic ' })).status).toBe(407);
    expect((await ask(h.gateway, '/simple/small/')).status).toBe(200);
    expect(h.gateway.stats().refused).toBe(2);
  });

  test('opens to the invented name alone: other hosts and tunnels are refused', async () => {
    const h = await house(files);
    expect((await ask(h.gateway, 'http://elsewhere.invalid/simple/small/')).status).toBe(403);
    expect((await ask(h.gateway, `${h.gateway.origin}.example/simple/small/`)).status).toBe(403);
    expect((await ask(h.gateway, 'wheels.invalid:443', {}, 'CONNECT')).status).toBe(403);
    expect((await ask(h.gateway, '/simple/small/', {}, 'POST')).status).toBe(405);
  });

  test('stays shut to a rebound browser, whatever its Host header says', async () => {
    const h = await house(files);
    const proxy = new URL(h.gateway.proxyUrl);
    const login = `Basic ${Buffer.from(`x:${proxy.password}`).toString('base64')}`;
    const status = await new Promise((resolve, reject) => {
      const headers = { host: 'wheels.invalid', 'proxy-authorization': login };
      request({ host: '127.0.0.1', port: proxy.port, path: '/simple/small/', headers }, (r) => resolve(r.statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(403);
  });
});

describe('a refused tunnel', () => {
  /** Asks for one without a token, as any user of the host may, and gives the connection once it was refused. */
  async function refused(h: House): Promise<Socket> {
    const socket = connect({ port: Number(new URL(h.gateway.proxyUrl).port), host: '127.0.0.1', allowHalfOpen: true });
    socket.write('CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: elsewhere.example:443\r\n\r\n');
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 403 /);
    return socket;
  }

  test('is closed by the gateway, so that a client who keeps its half open holds up no end', async () => {
    const h = await house(files);
    const sockets = await Promise.all([refused(h), refused(h)]);
    await h.gateway.close();
    for (const socket of sockets) socket.destroy();
    expect(h.gateway.stats().refused).toBe(2);
  });

  test('that its client resets ends nothing but itself', async () => {
    const h = await house(files);
    for (const _ of Array(20)) (await refused(h)).resetAndDestroy();
    expect((await ask(h.gateway, '/simple/small/')).status).toBe(200);
  });
});

describe('a project page', () => {
  test.each(['%3Ftoken', '%252e%252e', 'a%20b', '%0d%0aX'])(
    'of %s, which is no name, is asked of no source',
    async (name) => {
      const h = await house(files);
      expect((await ask(h.gateway, `/simple/${name}/`)).status).toBe(404);
      expect(h.gateway.stats().pages).toBe(0);
    },
  );

  test('lists files by their hash, as JSON', async () => {
    const h = await house(files);
    const { body, headers } = await ask(h.gateway, '/simple/small/', json);
    expect(headers['content-type']).toBe('application/vnd.pypi.simple.v1+json');
    expect(headers['cache-control']).toBe('no-cache');
    expect(JSON.parse(body.toString()).files).toEqual([
      {
        filename: small,
        url: `http://wheels.invalid/files/${sha256(smallBytes)}/${small}`,
        hashes: { sha256: sha256(smallBytes) },
        'requires-python': '>=3.6',
        yanked: false,
        size: smallBytes.length,
        'core-metadata': true,
      },
    ]);
  });

  test('is HTML for a pip that asks for HTML, and for whoever asks for nothing', async () => {
    const h = await house(files);
    for (const headers of [{ accept: 'text/html' }, {}]) {
      const answer = await ask(h.gateway, '/simple/small/', headers);
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
      expect(answer.body.toString()).toContain(
        `${small}#sha256=${sha256(smallBytes)}" data-requires-python="&#62;=3.6"`,
      );
    }
  });

  test('is not sent again to one who has it', async () => {
    const h = await house(files);
    const { headers } = await ask(h.gateway, '/simple/small/', json);
    expect((await ask(h.gateway, '/simple/small/', { ...json, 'if-none-match': headers.etag ?? '' })).status).toBe(304);
  });

  test('answers to any spelling of the name', async () => {
    const h = await house({ 'a-b': files.small });
    expect((await ask(h.gateway, '/simple/A_B', json)).status).toBe(200);
  });

  test('is 404 when nobody has the project and 503, with the reason kept, when every source failed', async () => {
    const fault: SourceFault = { source: '0', url: 'http://m.example/', kind: 'banned', detail: '403', remedy: null };
    const h = await house(files, { faults: { walled: [fault], gone: [{ ...fault, kind: 'missing' }] } });
    expect((await ask(h.gateway, '/simple/unknown/', json)).status).toBe(404);
    expect((await ask(h.gateway, '/simple/gone/', json)).status).toBe(404);
    expect((await ask(h.gateway, '/simple/walled/', json)).status).toBe(503);
    expect(h.gateway.problems()).toEqual([{ item: 'walled', faults: [fault], failure: null }]);
  });
});

describe('what could not be had', () => {
  const fault: SourceFault = { source: '0', url: 'http://m.example/', kind: 'timeout', detail: 'late', remedy: null };

  test('is told until it is there after all, or is known to be nowhere', async () => {
    const shifting: Record<string, Record<string, Buffer>> = { flaky: {}, gone: {} };
    const faults: Record<string, SourceFault[]> = { flaky: [fault], gone: [fault] };
    const h = await house(shifting, { faults });
    for (const project of ['Flaky', 'gone']) expect((await ask(h.gateway, `/simple/${project}/`)).status).toBe(503);
    expect(h.gateway.problems().map(({ item }) => item)).toEqual(['flaky', 'gone']);
    shifting['flaky'] = { [small.replace('small', 'flaky')]: smallBytes };
    faults['gone'] = [{ ...fault, kind: 'missing' }];
    expect((await ask(h.gateway, '/simple/flaky/')).status).toBe(200);
    expect((await ask(h.gateway, '/simple/gone/')).status).toBe(404);
    expect(h.gateway.problems()).toEqual([]);
  });

  test('because of this machine blames no source, and is forgotten once the file was sent', async () => {
    const h = await house(files);
    const { rm, writeFile } = await import('node:fs/promises');
    await rm(`${h.store.root}/partial`, { recursive: true, force: true });
    await writeFile(`${h.store.root}/partial`, '');
    const address = h.gateway.publish(h.file('small', small));
    expect((await ask(h.gateway, address)).status).toBe(502);
    expect(servingProblems(h.gateway.problems())).toMatchObject([
      { where: small, what: expect.stringMatching(/ENOTDIR|EEXIST/) },
    ]);
    await rm(`${h.store.root}/partial`);
    expect((await ask(h.gateway, address)).status).toBe(200);
    expect(h.gateway.problems()).toEqual([]);
  });
});

describe('a file', () => {
  const path = `/files/${sha256(largeBytes)}/${large}`;

  test('is not sent again to one who has it, so that uv keeps what it has unpacked', async () => {
    const h = await house(files);
    await ask(h.gateway, '/simple/large/', json);
    const first = await ask(h.gateway, path);
    const again = await ask(h.gateway, path, { 'if-none-match': first.headers.etag ?? '' });
    expect([again.status, again.body.length]).toEqual([304, 0]);
    expect((await ask(h.gateway, path, { 'if-none-match': '"another"' })).status).toBe(200);
  });

  test('is known once its page went out or it was published, and unknown before', async () => {
    const h = await house(files);
    expect((await ask(h.gateway, path)).status).toBe(404);
    expect(h.gateway.publish(h.file('large', large))).toBe(h.gateway.origin + path);
    expect((await ask(h.gateway, path)).body.equals(largeBytes)).toBe(true);
    expect(h.gateway.stats()).toMatchObject({ files: 1, bytesServed: largeBytes.length, broken: [] });
  });

  test('goes on from where an installer stopped, out of the same transfer', async () => {
    const h = await house(files);
    h.gateway.publish(h.file('large', large));
    const [whole, rest] = await Promise.all([ask(h.gateway, path), ask(h.gateway, path, { range: 'bytes=1500000-' })]);
    expect(whole.body.equals(largeBytes)).toBe(true);
    expect(rest.status).toBe(206);
    expect(rest.headers['content-range']).toBe(`bytes 1500000-${largeBytes.length - 1}/${largeBytes.length}`);
    expect(rest.body.equals(largeBytes.subarray(1_500_000))).toBe(true);
    expect(h.transfers.fetched()['0']).toBeLessThan(largeBytes.length * 1.2);
  });

  test('gives its end without being fetched', async () => {
    const h = await house(files);
    h.gateway.publish(h.file('large', large));
    const end = await ask(h.gateway, path, { range: 'bytes=-100' });
    expect(end.body).toEqual(largeBytes.subarray(-100));
    expect(h.transfers.fetched()).toEqual({ '0': 100 });
  });

  test('is described by HEAD without being fetched', async () => {
    const h = await house(files);
    h.gateway.publish(h.file('large', large));
    const head = await ask(h.gateway, path, {}, 'HEAD');
    expect(head.headers).toMatchObject({ 'content-length': `${largeBytes.length}`, 'accept-ranges': 'bytes' });
    expect(h.transfers.fetched()).toEqual({});
  });

  test('without hash or size on any page gives its METADATA by ranges, and is transferred once in all', async () => {
    const h = await house(files, { listed: false });
    const page = await ask(h.gateway, '/simple/large/', json);
    const [{ url, hashes }] = JSON.parse(page.body.toString()).files;
    expect(hashes).toEqual({});
    expect(url).toMatch(/\/files\/-[0-9a-f]{16}\/large/);
    expect((await ask(h.gateway, `${url}.metadata`)).body.toString()).toContain('Name: large');
    expect(h.transfers.fetched()['0']).toBeLessThan(200_000);
    const bodies = await Promise.all([1, 2, 3].map(() => ask(h.gateway, url)));
    expect(bodies.every((b) => b.body.equals(largeBytes))).toBe(true);
    expect(h.transfers.fetched()['0']).toBeLessThan(largeBytes.length * 1.3);
  });

  test('gives its METADATA although no mirror does ranges', async () => {
    const h = await house(files, { mirrors: [{ ranges: false }] });
    h.gateway.publish(h.file('large', large));
    expect((await ask(h.gateway, `${path}.metadata`)).body.toString()).toContain('Name: large');
  });

  test('that nobody can give is a plain status, and the reason is kept', async () => {
    const h = await house(files, { mirrors: [{ fault: () => ({ kind: 'status', status: 403 }) }] });
    h.gateway.publish(h.file('large', large));
    expect((await ask(h.gateway, path)).status).toBe(502);
    expect(h.gateway.problems()[0]?.failure?.problems[0]?.what).toContain('answered 403');
  });

  test('with a wrong byte in the store breaks the connection, is counted, and is right the next time', async () => {
    const h = await house(files);
    h.gateway.publish(h.file('large', large));
    await ask(h.gateway, path);
    const stored = await h.transfers.get(h.file('large', large)).done;
    const { chmod, open } = await import('node:fs/promises');
    await chmod(stored.path, 0o644);
    const handle = await open(stored.path, 'r+');
    await handle.write(Buffer.from('!'), 0, 1, 1_000_000);
    await handle.close();
    await expect(ask(h.gateway, path)).rejects.toThrow();
    expect(h.gateway.stats().broken).toEqual([large]);
    expect((await ask(h.gateway, path)).body.equals(largeBytes)).toBe(true);
  });

  test('of a direct link is served, and its hash is told for the lock', async () => {
    const h = await house(files);
    const address = h.gateway.publishDirect(`${h.mirrors[0]?.url}/files/small/${small}`);
    expect(address).toMatch(/^http:\/\/wheels\.invalid\/direct\/[0-9a-f]{16}\/small-1\.0-py3-none-any\.whl$/);
    expect((await ask(h.gateway, address)).body).toEqual(smallBytes);
    const stored = await h.gateway.bringDirect(`${h.mirrors[0]?.url}/files/small/${small}`);
    expect(stored.sha256).toBe(sha256(smallBytes));
  });

  test('gets its header although the source is slow to answer', async () => {
    const h = await house(files, { mirrors: [{ latencyMs: 200 }] });
    h.gateway.publish(h.file('large', large));
    expect((await ask(h.gateway, path)).status).toBe(200);
  });
});

test('a gateway does not speak to the machine it runs on, only to its own name', async () => {
  const h = await house(files);
  const other = createServer((_request, response) => response.end('secret'));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const address = other.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  expect((await ask(h.gateway, `http://127.0.0.1:${port}/`)).status).toBe(403);
  await new Promise((resolve) => other.close(resolve));
});
