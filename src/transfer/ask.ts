import { open, stat } from 'node:fs/promises';
import { type Duplex, pipeline, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Credentials } from '../values/credentials.js';
import type { HttpClient } from '../values/http.js';
import { errorCode } from '../values/system-error.js';
import { refused, refusedByStatus } from './refusal.js';

/** Limits of one request, ms. */
export interface AskLimits {
  readonly connectMs: number;
  readonly headersMs: number;
  readonly stallMs: number;
}

/** Which bytes are wanted: from `from` to `to` (exclusive), or all there is after `from` when `to` is null. */
export interface Ask {
  readonly url: string;
  readonly credentials: Credentials | null;
  readonly from: number;
  readonly to: number | null;
  /** Length of the file where it is known: an answer of another length is refused. */
  readonly size: number | null;
  /** The whole file is wanted: no range is asked for. */
  readonly whole: boolean;
  readonly limits: AskLimits;
  readonly signal: AbortSignal;
}

/** An answer that was checked as far as its header goes. */
export interface Reply {
  /** Position of the first byte of `body` in the file: `from`, or 0 when the source sends the whole. */
  readonly at: number;
  /** It obeyed the range; false: it sends the whole file. */
  readonly ranged: boolean;
  /** Length of the whole file as stated, or null. */
  readonly total: number | null;
  /** Strong ETag or Last-Modified: says whether a later answer is of the same file. */
  readonly validator: string | null;
  readonly body: AsyncIterable<Uint8Array>;
  cancel(): void;
}

/** Asks a source for bytes of a file by http(s) or `file:`. Throws Refused or HttpFault when it does not answer with them. */
export function ask(client: HttpClient, wanted: Ask): Promise<Reply> {
  return wanted.url.startsWith('file:') ? askFile(wanted) : askHttp(client, wanted);
}

async function askHttp(client: HttpClient, wanted: Ask): Promise<Reply> {
  const { url, from, to, size, limits, signal } = wanted;
  const range = wanted.whole ? {} : { range: `bytes=${from}-${to === null ? '' : to - 1}` };
  const answer = await client.request({
    url,
    headers: { accept: 'application/octet-stream, */*;q=0.5', 'accept-encoding': 'identity', ...range },
    credentials: wanted.credentials,
    ...limits,
    signal,
  });
  try {
    const { headers, status } = answer;
    if (status !== 200 && status !== 206) {
      throw refusedByStatus(status, headers['retry-after'], Date.now());
    }
    if (/^(text\/html|application\/xhtml)/i.test(headers['content-type'] ?? '')) {
      throw refused('html', 'answered with a web page instead of the file');
    }
    const encoding = headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') {
      const body = status === 200 ? decode(answer.body, encoding, url) : null;
      if (body === null) {
        throw refused('malformed', `sends the file re-encoded (${encoding})`);
      }
      // Its length is that of the encoded bytes.
      return {
        at: 0,
        total: null,
        ranged: false,
        validator: readValidator(headers),
        body,
        cancel: () => answer.cancel(),
      };
    }
    const { at, total } =
      status === 206 ? readContentRange(headers['content-range'], from, to) : { at: 0, total: readLength(headers) };
    if (size !== null && total !== null && total !== size) {
      throw refused('malformed', `has a file of ${total} bytes, not ${size}`);
    }
    return {
      at,
      total,
      ranged: status === 206,
      validator: readValidator(headers),
      body: answer.body,
      cancel: () => answer.cancel(),
    };
  } catch (error) {
    answer.cancel();
    throw error;
  }
}

/** `Content-Range: bytes 0-499/1234` (RFC 9110, section 14.4), which has to begin where it was asked to and not to end later. */
export function readContentRange(
  value: string | undefined,
  from: number,
  to: number | null,
): { at: number; total: number | null } {
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(value ?? '');
  if (match === null) {
    throw refused('malformed', `answered 206 with the Content-Range ${JSON.stringify(value ?? '')}`);
  }
  const [at, last] = [Number(match[1]), Number(match[2])];
  if (at !== from || (to !== null && last >= to)) {
    throw refused('malformed', `sent the range ${at}-${last}, not ${from}-${to === null ? '' : to - 1}`);
  }
  return { at, total: match[3] === '*' ? null : Number(match[3]) };
}

/**
 * The bytes of a file that came encoded although nobody asked for that (RFC 9110, section 8.4.1), as one stream; null for an encoding that
 * is not known, and for a file that is gzip itself: there the header is a server's mistake far more often than an encoding.
 */
function decode(body: AsyncIterable<Uint8Array>, encoding: string, url: string): AsyncIterable<Uint8Array> | null {
  const makers = { gzip: createGunzip, 'x-gzip': createGunzip, deflate: createInflate, br: createBrotliDecompress };
  const make = new Map<string, () => Duplex>(Object.entries(makers)).get(encoding.toLowerCase());
  if (make === undefined || /\.t?gz$/.test(new URL(url).pathname)) {
    return null;
  }
  const decoder = make();
  // Whoever reads from the decoder gets the error.
  pipeline(Readable.from(body), decoder, () => undefined);
  return readDecoded(decoder);
}

async function* readDecoded(decoder: Duplex): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of decoder as AsyncIterable<Uint8Array>) {
      yield piece;
    }
  } catch (error) {
    const damaged = errorCode(error)?.startsWith('Z_') === true || errorCode(error)?.startsWith('ERR__ERROR_') === true;
    throw damaged ? refused('malformed', `sends what can't be decoded (${errorCode(error)})`) : error;
  }
}

function readLength(headers: Readonly<Record<string, string>>): number | null {
  const value = headers['content-length'];
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : null;
}

function readValidator(headers: Readonly<Record<string, string>>): string | null {
  const etag = headers['etag'];
  return etag !== undefined && !etag.startsWith('W/') ? etag : (headers['last-modified'] ?? null);
}

async function askFile(wanted: Ask): Promise<Reply> {
  const { to, size, signal } = wanted;
  const from = wanted.whole ? 0 : wanted.from;
  const path = fileURLToPath(wanted.url);
  const found = await stat(path).catch(unreadable);
  if (!found.isFile() || (size !== null && found.size !== size)) {
    throw refused('malformed', found.isFile() ? `has a file of ${found.size} bytes, not ${size}` : 'is no file');
  }
  return {
    at: from,
    total: found.size,
    ranged: true,
    validator: `${found.mtimeMs}-${found.ino}`,
    body: readFileRange(path, from, Math.min(to ?? found.size, found.size), signal),
    // The file is opened by the first read and closed when the reader leaves.
    cancel: () => undefined,
  };
}

function unreadable(error: unknown): never {
  throw refused('missing', `can't be read (${errorCode(error) ?? String(error)})`);
}

async function* readFileRange(path: string, from: number, to: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const handle = await open(path, 'r').catch(unreadable);
  try {
    for (let position = from; position < to; ) {
      signal.throwIfAborted();
      const length = Math.min(2 ** 18, to - position);
      const { bytesRead, buffer } = await handle
        .read(Buffer.allocUnsafe(length), 0, length, position)
        .catch(unreadable);
      if (bytesRead === 0) {
        throw refused('reset', 'became shorter while it was read');
      }
      yield buffer.subarray(0, bytesRead);
      position += bytesRead;
    }
  } finally {
    await handle.close();
  }
}
