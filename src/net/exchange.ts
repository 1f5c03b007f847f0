import { Readable } from 'node:stream';
import { isNativeError } from 'node:util/types';
import type { Dispatcher } from 'undici';
import { type Asked, timeLimit, toFault } from './faults.js';
import { holdSocket } from './held-socket.js';
import { startTimeLimit, type TimeLimit } from './time-limit.js';

/** Pieces (of 64 KiB at most) that wait for a reader before the connection's bytes are held back. */
const PIECES = 4;

/** Milliseconds until the connection stands, until the header came, and between two pieces of the body. */
export interface Limits {
  readonly connectMs: number;
  readonly headersMs: number;
  readonly stallMs: number;
}

/** One request and its answer on one connection, without redirects. */
export interface Exchange {
  readonly status: number;
  /** Lower-case names; repeated ones joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes as sent; fails with HttpFault. Destroying it gives the connection up. */
  readonly body: Readable;
}

function joined(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  const pairs = Object.entries(headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : (value ?? ''),
  ]);
  return Object.fromEntries(pairs) as Record<string, string>;
}

/** What is sent, `taken` told before each piece and after the last one. */
async function* watched(
  pieces: Uint8Array | AsyncIterable<Uint8Array>,
  taken: (last: boolean) => void,
): AsyncGenerator<Uint8Array> {
  if (pieces instanceof Uint8Array) {
    yield pieces;
  } else {
    for await (const piece of pieces) {
      taken(false);
      yield piece;
    }
  }
  taken(true);
}

/**
 * Sends one request and resolves when its header came. The limits are kept here and not by the dispatcher, whose own are per
 * connection pool and half a second coarse. Rejects with HttpFault, or with the signal's reason.
 */
export function exchange(
  dispatcher: Dispatcher,
  options: Omit<Dispatcher.DispatchOptions, 'body'> & {
    readonly body: Uint8Array | AsyncIterable<Uint8Array> | undefined;
  },
  asked: Asked,
  limits: Limits,
  signal: AbortSignal,
): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | null = null;
    let body: Readable | null = null;
    let over: unknown = null;
    let limit: TimeLimit | null = null;
    /** Lets the bytes that are held back come; null while none are. */
    let letCome: (() => void) | null = null;

    const stop = (reason: unknown) => {
      if (over !== null) return;
      over = reason;
      limit?.clear();
      signal.removeEventListener('abort', abort);
      if (reason !== 'complete') {
        controller?.abort(isNativeError(reason) ? reason : new Error('given up'));
        body?.destroy(reason as Error);
        reject(reason);
      }
    };
    const wait = (waitedFor: 'connect' | 'sending' | 'headers' | 'body', ms: number) => {
      limit?.clear();
      // While the reader is busy, the silence is ours.
      const isHeldUp = () => letCome !== null;
      limit = startTimeLimit(ms, () => stop(timeLimit(asked, waitedFor, ms)), isHeldUp);
    };
    const abort = () => stop(signal.reason);

    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    wait('connect', limits.connectMs);
    const sending = (last: boolean) => {
      if (over === null && body === null) wait(last ? 'headers' : 'sending', last ? limits.headersMs : limits.stallMs);
    };
    const sent = options.body === undefined ? null : Readable.from(watched(options.body, sending));
    dispatcher.dispatch(
      { ...options, body: sent },
      {
        onRequestStart(started) {
          controller = started;
          if (over !== null) return started.abort(new Error('given up'));
          return wait('headers', limits.headersMs);
        },
        onResponseStart(_controller, status, headers) {
          if (status < 200) return;
          body = new Readable({
            // Pieces as they came: as one stream of bytes they would be copied together.
            objectMode: true,
            highWaterMark: PIECES,
            read() {
              const held = letCome;
              letCome = null;
              if (held !== null) limit?.refresh();
              held?.();
            },
            destroy(error, done) {
              // A reader that stops early ends up here without an error.
              stop(error ?? new Error('given up'));
              done(error);
            },
          });
          // Whoever reads later gets the error then; until somebody does it must not end the process.
          body.on('error', () => undefined);
          wait('body', limits.stallMs);
          resolve({ status, headers: joined(headers), body });
        },
        onResponseData(_controller, chunk) {
          limit?.refresh();
          if (body?.push(chunk) === false) letCome ??= holdSocket();
        },
        onResponseEnd() {
          stop('complete');
          // The connection may be used for another answer now.
          letCome?.();
          letCome = null;
          body?.push(null);
        },
        onResponseError(_controller, error) {
          stop(toFault(error, asked));
        },
      },
    );
    return undefined;
  });
}
