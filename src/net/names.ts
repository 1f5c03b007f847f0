import { randomFill } from 'node:crypto';
import { lookup as ask, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { promisify } from 'node:util';
import { threads } from '../values/threads.js';
import { createTurnstile } from '../values/turnstile.js';
import { type Asked, timeLimit, toFault } from './faults.js';
import { startTimeLimit } from './time-limit.js';

/** How long (ms) an address is used again: longer than a slow disk holds things up, shorter than a name's address stays wrong. */
const KEPT_MS = 300_000;
/** Names that are looked up at a time: libuv gives this kind of work half of its threads (`slow_work_thread_threshold`). */
const AT_ONCE = Math.floor((threads + 1) / 2);

const askSystem = promisify(ask) as (hostname: string, options: { readonly all: true }) => Promise<LookupAddress[]>;

/** A name that is being looked up. */
interface Search {
  readonly found: Promise<readonly LookupAddress[]>;
  /** The system was asked: from now on the time is the name server's. */
  begun: boolean;
}

/** Addresses of hosts, looked up by the system and remembered. */
export interface Names {
  /** The addresses of a host name or address. Rejects with the system's error. */
  find(hostname: string): Promise<readonly LookupAddress[]>;
  /** The system was not asked yet: other names, or files, have all threads. */
  isHeldUp(hostname: string): boolean;
  /** For sockets: what `find` knows. */
  readonly lookup: LookupFunction;
}

/**
 * Opens the names of a run. Node asks for addresses on the threads that also read and flush files, so that a slow disk or a name server
 * that does not answer holds up every other name (Node.js documentation, "dns.lookup()"): a name that was found is not asked for again.
 */
export function openNames(): Names {
  const known = new Map<string, { readonly addresses: readonly LookupAddress[]; readonly untilMs: number }>();
  const searches = new Map<string, Search>();
  const turnstile = createTurnstile();

  function search(hostname: string): Promise<readonly LookupAddress[]> {
    const running = searches.get(hostname);
    if (running !== undefined) return running.found;
    const inTurn = async (): Promise<readonly LookupAddress[]> => {
      try {
        return await turnstile('names', AT_ONCE, () => {
          // Work is begun in the order in which it was given: when this is done the look-up has a thread, or is the next to get one.
          randomFill(new Uint8Array(1), () => {
            own.begun = true;
          });
          return askSystem(hostname, { all: true });
        });
      } finally {
        searches.delete(hostname);
      }
    };
    const own: Search = { found: Promise.resolve().then(inTurn), begun: false };
    searches.set(hostname, own);
    return own.found;
  }

  async function find(hostname: string): Promise<readonly LookupAddress[]> {
    const family = isIP(hostname);
    if (family !== 0) return [{ address: hostname, family }];
    const kept = known.get(hostname);
    if (kept !== undefined && kept.untilMs > performance.now()) return kept.addresses;
    const addresses = await search(hostname);
    known.set(hostname, { addresses, untilMs: performance.now() + KEPT_MS });
    return addresses;
  }

  return {
    find,
    isHeldUp: (hostname) => searches.get(hostname)?.begun === false,
    lookup: (hostname: string, options: LookupOptions, callback) => {
      find(hostname).then(
        (addresses) => {
          const [first] = addresses;
          if (options.all === true) callback(null, [...addresses]);
          else callback(null, first?.address ?? '', first?.family);
        },
        (error: NodeJS.ErrnoException) => callback(error, '', 0),
      );
    },
  };
}

/** Waits until a host's addresses are known, at most `ms` from when the system was asked. Rejects with HttpFault, or with the signal's reason. */
export function awaitName(
  names: Names,
  hostname: string,
  asked: Asked,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const settle = (settled: () => void): void => {
      limit.clear();
      signal.removeEventListener('abort', abort);
      settled();
    };
    const abort = (): void => settle(() => reject(signal.reason));
    const over = (): void => settle(() => reject(timeLimit(asked, 'name', ms)));
    const limit = startTimeLimit(ms, over, () => names.isHeldUp(hostname));
    signal.addEventListener('abort', abort, { once: true });
    names.find(hostname).then(
      () => settle(resolve),
      (error: unknown) => settle(() => reject(toFault(error, asked))),
    );
  });
}
