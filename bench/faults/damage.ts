import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Damage, Good, Seen } from './bad-mirror.js';

/** How an answer ends after the bytes that are sent: whole, by a reset, by silence, or by closing the connection as if all was there. */
type End = 'whole' | 'reset' | 'silence' | 'close';

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      response.off('drain', go).off('close', go);
      resolve();
    };
    response.on('drain', go).on('close', go);
  });
}

/** Sends an answer: its head, its body up to `most` bytes, then the end. */
async function send(seen: Seen, good: Good, most = Number.POSITIVE_INFINITY, end: End = 'whole'): Promise<void> {
  const { response, count, request } = seen;
  if (request.method === 'HEAD') {
    response.writeHead(good.status, { ...good.headers, 'content-length': String(good.size) }).end();
    return;
  }
  const length = good.headers['content-length'] === undefined ? { 'content-length': String(good.body.length) } : {};
  const { 'content-length': stated, ...rest } = { ...good.headers, ...length };
  // An empty statement stands for none: the body then ends with the connection.
  response.useChunkedEncodingByDefault = stated !== '';
  if (stated === '') response.shouldKeepAlive = false;
  response.writeHead(good.status, stated === '' ? rest : { ...rest, 'content-length': stated });
  response.flushHeaders();
  const body = good.body.subarray(0, Math.min(most, good.body.length));
  for (let at = 0; at < body.length && !response.destroyed; at += 65_536) {
    const piece = body.subarray(at, at + 65_536);
    count(piece.length);
    if (!response.write(piece)) await drained(response);
  }
  if (most >= good.body.length) {
    response.end();
    return;
  }
  if (end === 'silence') return;
  // A reset at once would throw away what the client has not read yet.
  await sleep(50);
  if (end === 'reset') response.socket?.resetAndDestroy();
  else response.socket?.end();
}

/** Answers as the good mirror does. */
export const pass: Damage = async (seen) => send(seen, await seen.good());

/** Harms one kind of request and answers the other well. */
export function only(kind: Seen['kind'], damage: Damage): Damage {
  return (seen) => (seen.kind === kind ? damage(seen) : pass(seen));
}

/** What lies past `share` (0 to 1) of a file can't be had: the answer ends there. */
export function cut(share: number, end: End, stated = true): Damage {
  return only('file', async (seen) => {
    const good = await seen.good();
    const most = Math.max(0, Math.floor(good.size * share) - good.from);
    const { body, headers } = good;
    const short = most < body.length;
    const length = stated || !short ? String(body.length) : '';
    await send(seen, { ...good, headers: { ...headers, 'content-length': length } }, most, short ? end : 'whole');
  });
}

/** Every connection is reset when it has carried `bytes`. */
export function resetAfter(bytes: number): Damage {
  return only('file', async (seen) => {
    const good = await seen.good();
    await send(seen, good, Math.max(0, bytes - seen.carried()), 'reset');
  });
}

/** Every answer is one status. */
export function status(code: number, headers: Readonly<Record<string, string>> = {}, body = `${code}`): Damage {
  return ({ response }) => {
    response.writeHead(code, { 'content-type': 'text/plain', ...headers }).end(body);
  };
}

/** Redirects to wherever `to` says. */
export function redirect(to: (seen: Seen) => string): Damage {
  return (seen) => {
    seen.response.writeHead(302, { location: to(seen) }).end();
  };
}

/** The request is read and never answered. */
export const silence: Damage = () => undefined;

/** One header line after another, for ever. */
export const endlessHeaders: Damage = async ({ response }) => {
  const { socket } = response;
  socket?.write('HTTP/1.1 200 OK\r\n');
  for (let n = 0; socket !== null && !socket.destroyed; n += 1) {
    socket.write(`X-Line-${n}: more\r\n`);
    await sleep(300);
  }
};

/** A few bytes at a time: `rate` bytes a second. */
export function trickle(rate: number): Damage {
  return async (seen) => {
    const { response, count } = seen;
    const answer = await seen.good();
    if (seen.request.method === 'HEAD') {
      await send(seen, answer);
      return;
    }
    const { body } = answer;
    response.writeHead(answer.status, { ...answer.headers, 'content-length': body.length });
    for (let at = 0; at < body.length && !response.destroyed; at += rate / 4) {
      const piece = body.subarray(at, at + rate / 4);
      count(piece.length);
      response.write(piece);
      await sleep(250);
    }
    response.end();
  };
}

/** Changes the bytes of files. */
export function spoil(change: (bytes: Buffer, good: Good) => Buffer): Damage {
  return only('file', async (seen) => {
    const good = await seen.good();
    await send(seen, { ...good, body: good.status < 300 ? change(Buffer.from(good.body), good) : good.body });
  });
}

/** Changes the text of pages. */
export function rewrite(change: (text: string, seen: Seen) => string): Damage {
  return only('page', async (seen) => {
    const good = await seen.good();
    await send(seen, { ...good, body: Buffer.from(change(good.body.toString(), seen)) });
  });
}

/** Sends `body` for every page. */
export function instead(type: string, body: Buffer | string): Damage {
  return only('page', async (seen) => {
    const sent = Buffer.from(body);
    await send(seen, { status: 200, headers: { 'content-type': type }, body: sent, from: 0, size: sent.length });
  });
}

/** More bytes than the header announces, on a connection that stays open. */
export const longer: Damage = only('file', async (seen) => {
  const good = await seen.good();
  const headers = { ...good.headers, 'content-length': String(good.body.length) };
  await send(seen, { ...good, headers, body: Buffer.concat([good.body, Buffer.alloc(1000, 'x')]) });
});

/** Ranges are not known here: the whole comes with 200. */
export const noRanges: Damage = only('file', async (seen) => {
  delete seen.request.headers.range;
  const { 'accept-ranges': _ranges, ...headers } = (await seen.good()).headers;
  await send(seen, { ...(await seen.good()), headers });
});

/** A range that begins one byte late, under the header of the range that was asked for. */
export const offByOne: Damage = only('file', async (seen) => {
  const good = await seen.good();
  const shifted = Buffer.concat([good.body.subarray(1), Buffer.from('x')]);
  await send(seen, good.status === 206 ? { ...good, body: shifted } : good);
});

/** Another range than the one asked for, and it says so. */
export const wrongRange: Damage = only('file', async (seen) => {
  const good = await seen.good();
  const start = good.from + 7;
  const range = `bytes ${start}-${start + good.body.length - 1}/${good.size}`;
  await send(seen, good.status === 206 ? { ...good, headers: { ...good.headers, 'content-range': range } } : good);
});

/** A wheel that is compressed once more on the way. */
export const gzipped: Damage = only('file', async (seen) => {
  const good = await seen.good();
  await send(seen, {
    ...good,
    headers: { ...good.headers, 'content-encoding': 'gzip' },
    body: gzipSync(good.body, { level: 1 }),
  });
});

/** The mirror crashes at the first request for a file. */
export const diesAtFile: Damage = only('file', ({ die }) => die());

/** 503 for `ms`, and well after that. */
export function recovers(ms: number): Damage {
  return (seen) => (seen.age < ms ? status(503)(seen) : pass(seen));
}
