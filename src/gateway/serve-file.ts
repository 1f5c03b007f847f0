import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../values/failure.js';
import type { IndexFile } from '../values/source.js';
import { type Store, WrongBytes } from '../values/store.js';
import type { Transfers } from '../values/transfers.js';
import { readByteRange } from './byte-range.js';

/** A closed range of at most this many bytes (a wheel's directory, its METADATA) is fetched by itself, without starting the transfer. */
const SMALL = 2 ** 22;
/** How long (ms) the header waits for the first bytes, so that a file nobody has is a plain status and not a broken connection. */
const HEADER_WAIT_MS = 3000;

/** What serving a file needs, and what it tells. */
export interface Counter {
  readonly transfers: Transfers;
  readonly store: Store;
  served(bytes: number): void;
  broke(filename: string): void;
}

/**
 * Answers GET and HEAD for a file: from the store, else from its transfer while it arrives. A wrong byte or a failure after the header
 * breaks the connection. Rejects before the header went out as well as after it; the caller tells by `headersSent`.
 */
export async function serveFile(
  file: IndexFile,
  request: IncomingMessage,
  response: ServerResponse,
  counter: Counter,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort(new Error('the installer left')));
  const tag = file.sha256 === null ? null : `"${file.sha256}"`;
  // uv asks so for every file that it has unpacked as soon as one is new; answered with the file, it unpacks all of them again.
  if (tag !== null && request.headers['if-none-match'] === tag) {
    response.writeHead(304, { etag: tag, 'cache-control': 'no-cache' }).end();
    return;
  }
  const size = file.size ?? (await sizeOf(file, counter, gone.signal));
  const ifRange = request.headers['if-range'];
  const header = request.headers.range;
  const range = readByteRange(header, size, ifRange === undefined || ifRange === tag);
  const headers = {
    'accept-ranges': 'bytes',
    'content-type': 'application/octet-stream',
    // Without a hash in its address the same address may mean other bytes tomorrow.
    'cache-control': tag === null ? 'no-store' : 'no-cache',
    ...(tag === null ? {} : { etag: tag }),
  };
  if (range === 'unsatisfiable') {
    response.writeHead(416, { ...headers, 'content-range': `bytes */${size}` }).end();
    return;
  }
  const { from, to } = range === 'whole' ? { from: 0, to: size } : range;
  const partial = range === 'whole' ? {} : { 'content-range': `bytes ${from}-${to - 1}/${size}` };
  const writeHead = (): void => {
    response.writeHead(range === 'whole' ? 200 : 206, { ...headers, ...partial, 'content-length': to - from });
    response.flushHeaders();
  };
  if (request.method === 'HEAD') {
    writeHead();
    response.end();
    return;
  }
  const closed = range !== 'whole' && !/-\s*$/.test(header ?? '');
  const part =
    closed && to - from <= SMALL && to - from < size ? await slice(file, from, to, counter, gone.signal) : null;
  if (part !== null) {
    writeHead();
    counter.served(part.length);
    response.end(part);
    return;
  }
  await pipe(
    counter.transfers.get(file).read(from, gone.signal),
    to - from,
    writeHead,
    response,
    counter,
    gone.signal,
  ).catch((error: unknown) => {
    if (error instanceof WrongBytes) {
      counter.broke(file.filename);
    }
    throw error;
  });
}

async function sizeOf(file: IndexFile, { transfers, store }: Counter, signal: AbortSignal): Promise<number> {
  const stored = file.sha256 === null ? null : await store.find(file.sha256, file.filename);
  if (stored !== null) {
    return stored.size;
  }
  try {
    return (await transfers.slice(file, 0, 1, signal)).total;
  } catch (error) {
    // No source does ranges, or says how long the file is: the transfer will tell.
    return error instanceof Failure ? transfers.get(file).size() : Promise.reject(error);
  }
}

/** A small part of a file that is not in the store; null where it has to come from the transfer. */
async function slice(
  file: IndexFile,
  from: number,
  to: number,
  { transfers, store }: Counter,
  signal: AbortSignal,
): Promise<Uint8Array | null> {
  if (file.sha256 !== null && (await store.find(file.sha256, file.filename)) !== null) {
    return null;
  }
  try {
    return (await transfers.slice(file, from, to, signal)).bytes;
  } catch (error) {
    return error instanceof Failure ? null : Promise.reject(error);
  }
}

async function pipe(
  pieces: AsyncIterable<Uint8Array>,
  length: number,
  writeHead: () => void,
  response: ServerResponse,
  counter: Counter,
  signal: AbortSignal,
): Promise<void> {
  const iterator = pieces[Symbol.asyncIterator]();
  const first = iterator.next();
  const awake = new AbortController();
  await Promise.race([first, sleep(HEADER_WAIT_MS, undefined, { signal: awake.signal, ref: false })]).finally(() =>
    awake.abort(),
  );
  writeHead();
  try {
    let left = length;
    for (let next = await first; next.done !== true && left > 0; next = await iterator.next()) {
      const piece = next.value.subarray(0, left);
      left -= piece.length;
      counter.served(piece.length);
      // The piece's memory is used again for the next one: it has to have left first.
      await new Promise<void>((resolve, reject) => {
        const leave = (): void => reject(signal.reason);
        signal.addEventListener('abort', leave, { once: true });
        response.write(piece, (error) => {
          signal.removeEventListener('abort', leave);
          if (error) {
            reject(error);
          } else {
            resolve();
          }
        });
      });
    }
    if (left > 0) {
      throw new Error(`the file ended ${left} bytes early`);
    }
    response.end();
  } finally {
    await iterator.return?.();
  }
}
