import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { startProxy } from '../support/proxy.js';
import { ask, client, faultOf, mirror, open } from './house.js';

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

  test.each([
    [502, 'could not reach it (status 502)', 'when the host and the proxy are up'],
    [504, 'could not reach it (status 504)', 'when the host and the proxy are up'],
    [403, 'did not let the request through (status 403)', 'Ask for this host to be allowed'],
  ])('that answers a tunnel with %d is told as what it is', async (status, what, remedy) => {
    const answer = `HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`;
    const proxy = createServer().on('connect', (_, socket) => socket.end(answer));
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    open.push({ close: () => new Promise((resolve) => proxy.close(resolve)) });
    const httpsProxy = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const fault = await faultOf(client({ httpsProxy }).request(ask('https://index.example/')));
    expect(fault).toMatchObject({ kind: 'proxy', remedy: expect.stringContaining(remedy) });
    expect(fault.message).toBe(`https://index.example/: the proxy ${httpsProxy}/ ${what}.`);
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
