import type { StoredFile } from '../values/gateway.js';
import type { IndexFile } from '../values/source.js';
import { ask } from './ask.js';
import type { Identity } from './record.js';
import { asRefusal } from './refusal.js';
import { createRoutes, type FileRoute, isAlive, readyAt, viewRoute } from './routes.js';
import type { Surroundings, Work } from './surroundings.js';

/** What a file without a published hash was when it was downloaded: its bytes, and what its source stated of that copy. */
interface Seen extends Identity {
  readonly sha256: string;
}

const factOf = (key: string): string => `seen-${key}`;

function readSeen(value: unknown): Seen | null {
  const { sha256, source, validator } = (value ?? {}) as Partial<Record<keyof Seen, unknown>>;
  return typeof sha256 === 'string' && typeof source === 'string' && typeof validator === 'string'
    ? { sha256, source, validator }
    : null;
}

/** Remembers which bytes the file with the place `key` was, for who asks for it next. The file is there also where that fails. */
export async function noteSeen(
  key: string,
  sha256: string,
  identity: Identity | null,
  { store, log }: Pick<Surroundings, 'store' | 'log'>,
): Promise<void> {
  if (identity === null) {
    return;
  }
  try {
    await store.writeFact(factOf(key), { sha256, ...identity });
  } catch (error) {
    log.debug(`${key}: which bytes it was could not be noted: ${String(error)}`);
  }
}

/** Waits for a connection to the host of `route` and takes it; false: the host was left. Rejects with the reason of an abort. */
function takeTurn(
  route: FileRoute,
  { add, remove, signal }: Pick<Surroundings, 'add' | 'remove' | 'signal'>,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const end = (settled: () => void): void => {
      remove(work);
      signal.removeEventListener('abort', stop);
      settled();
    };
    const stop = (): void => end(() => reject(signal.reason));
    const work: Work = {
      want: (nowMs) => {
        if (!isAlive(route)) {
          queueMicrotask(() => end(() => resolve(false)));
        }
        return { missing: 1, connections: 0, most: 1, routes: [viewRoute(route, true, nowMs)] };
      },
      begin: () => {
        route.lane.active += 1;
        end(() => resolve(true));
      },
      wakeAt: (nowMs) => (isAlive(route) && readyAt(route) > nowMs ? readyAt(route) : Number.POSITIVE_INFINITY),
      unwritten: () => 0,
    };
    signal.addEventListener('abort', stop, { once: true });
    add(work);
  });
}

/**
 * Looks for a file without a published hash in the store: the one that another process has brought since this was called, which is what a
 * download of our own would have brought; else the one that was downloaded from its address before (by an earlier run, or for another
 * request), where its source still states the same length and the same ETag or Last-Modified. What another user noted is not believed: no
 * hash from elsewhere could contradict it. The function given back may be called often; the source is asked once about each copy.
 */
export function recallSeen(file: IndexFile, key: string, around: Surroundings): () => Promise<StoredFile | null> {
  const { client, store, credentials, timings, signal, log } = around;
  const begunMs = performance.now();
  let asked: string | null = null;

  /** Whether the source still has the copy that was seen. */
  const isStill = async ({ source, validator }: Seen, size: number): Promise<boolean> => {
    const locations = file.locations.filter((one) => one.source === source);
    const [route] = createRoutes({ ...file, locations }, around.lane);
    if (route === undefined || validator === '' || !(await takeTurn(route, around))) {
      return false;
    }
    const { location, lane } = route;
    try {
      const reply = await ask(client, {
        url: location.url,
        credentials: credentials(location),
        from: 0,
        to: 1,
        size,
        whole: false,
        limits: timings.hurried,
        signal: AbortSignal.any([signal]),
      });
      reply.cancel();
      return reply.total === size && reply.validator === validator;
    } catch (error) {
      if (asRefusal(error) === null) {
        throw error;
      }
      // Who downloads it meets the same trouble, and says so.
      log.debug(`${file.filename}: whether it is still the file that was seen: ${String(error)}`);
      return false;
    } finally {
      lane.active -= 1;
      around.changed();
    }
  };

  return async () => {
    const kept = await store.readFact(factOf(key));
    const seen = kept === null || kept.foreign ? null : readSeen(kept.value);
    if (seen === null || seen.sha256 === asked) {
      return null;
    }
    const stored = await store.find(seen.sha256, file.filename);
    if (stored === null) {
      return null;
    }
    if (kept !== null && kept.ageMs < performance.now() - begunMs) {
      return stored;
    }
    asked = seen.sha256;
    return (await isStill(seen, stored.size)) ? stored : null;
  };
}
