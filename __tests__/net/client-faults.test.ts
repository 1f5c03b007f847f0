import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { ask, client, faultOf, mirror, open, read } from './house.js';

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

  describe('of a connection that is cut while its bytes are held back', () => {
    const length = 50_000_000;
    /** Nobody reads the pieces, more than are taken ahead; the system still listens to a connection that brings so little. */
    async function cutAnswer(header: string, cut: (socket: Socket) => void) {
      const made = createTcpServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', async () => {
          socket.setNoDelay().write(`HTTP/1.1 200 OK\r\n${header}\r\n\r\n`);
          for (let sent = 0; sent < 12; sent += 1) {
            await new Promise((resolve) => setTimeout(resolve, 10));
            socket.write('some');
          }
          cut(socket);
        });
      });
      await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
      open.push({ close: () => new Promise((resolve) => made.close(resolve)) });
      const answer = await client().request(ask(`http://127.0.0.1:${(made.address() as AddressInfo).port}/`));
      await new Promise((resolve) => setTimeout(resolve, 300));
      return answer;
    }
    const ends = {
      'a reset': (socket: Socket) => socket.resetAndDestroy(),
      'an end': (socket: Socket) => socket.end(),
    };
    const headers = {
      'the last one': `Content-Length: ${length}\r\nConnection: close`,
      'one of many': `Content-Length: ${length}`,
    };
    for (const [end, cut] of Object.entries(ends)) {
      for (const [kind, header] of Object.entries(headers)) {
        test(`by ${end}, the answer being ${kind}, is the reader's to see`, async () => {
          const answer = await cutAnswer(header, cut);
          expect((await faultOf(read(answer.body))).kind).toBe('reset');
        });
      }
    }
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
