import { createHash } from 'node:crypto';
import type { StoredFile } from '../values/gateway.js';
import type { HttpClient } from '../values/http.js';
import type { Log } from '../values/log.js';
import type { FileLocation, IndexFile } from '../values/source.js';
import type { Store } from '../values/store.js';
import type { Transfer, Transfers } from '../values/transfers.js';
import { readings, settleDispute } from './disputed.js';
import { startFileTransfer } from './file-transfer.js';
import { openLanes, type SourceTerms } from './lanes.js';
import { choose } from './scheduler.js';
import { fetchSlice } from './slice.js';
import type { Surroundings, Work } from './surroundings.js';
import { defaultTimings, type Timings } from './timings.js';
import { wheelMetadata } from './wheel-metadata.js';
import { watchYoungMemory } from './young-memory.js';

/** A longer silence is no part of the time that a download took: the installer was at work. */
const PAUSE_MS = 500;

/**
 * Opens the transfers of a run. A source that `sources` does not know gets 16 connections and no credentials. `more` is asked for other
 * places of a file as soon as the last one that is known gives trouble. `before` may know a place that is asked before those of the page;
 * `arrived` is told of every file that came over the network.
 */
export function openTransfers(options: {
  readonly client: HttpClient;
  readonly store: Store;
  readonly sources: (id: string) => SourceTerms | undefined;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly timings?: Partial<Timings>;
  readonly more?: NonNullable<Surroundings['more']>;
  readonly before?: (file: IndexFile) => Promise<FileLocation | null>;
  readonly arrived?: Surroundings['arrived'];
}): Transfers {
  const { client, store, log } = options;
  const watchMemory = watchYoungMemory();
  const end = new AbortController();
  const lanes = openLanes(options.sources);
  const works = new Set<Work>();
  const running = new Map<string, Transfer>();
  const started: Transfer[] = [];
  const firstSeen = new Map<string, StoredFile>();
  const texts = new Map<string, Promise<Uint8Array>>();
  const fetched: Record<string, number> = {};
  const arrived = new Set<string>();
  let lastMs: number | null = null;
  /** The last byte before the outage that was told. */
  let toldMs: number | null = null;
  let spentMs = 0;
  let scheduled = false;
  let alarm: NodeJS.Timeout | undefined;

  const dispatch = (): void => {
    scheduled = false;
    clearTimeout(alarm);
    // A connection that is begun now ends at once and asks for the next one, so that nothing else would get a turn.
    if (around.signal.aborted) {
      return;
    }
    const now = performance.now();
    for (;;) {
      const list = [...works];
      const next = choose(list.map((work) => work.want(now)));
      if (next === null) {
        break;
      }
      list[next.want]?.begin(next.route);
    }
    const wakeAt = Math.min(...[...works].map((work) => work.wakeAt(now)));
    if (Number.isFinite(wakeAt)) {
      alarm = setTimeout(changed, Math.max(5, wakeAt - now));
    }
  };
  const changed = (): void => {
    if (!scheduled) {
      scheduled = true;
      queueMicrotask(dispatch);
    }
  };
  const around: Surroundings = {
    client,
    store,
    log,
    signal: AbortSignal.any([options.signal, end.signal]),
    timings: { ...defaultTimings, ...options.timings },
    lane: lanes.lane,
    credentials: lanes.credentials,
    more: options.more ?? null,
    before: options.before ?? null,
    add: (work) => {
      works.add(work);
      changed();
    },
    remove: (work) => {
      works.delete(work);
      changed();
    },
    changed,
    unwritten: () => [...works].reduce((sum, work) => sum + work.unwritten(), 0),
    lastByteAt: () => lastMs,
    tellOutage: () => {
      if (lastMs === toldMs) {
        return;
      }
      toldMs = lastMs;
      const most = around.timings.outageMs / 1000;
      log.info(`Nothing comes over the network any more: it is waited for, up to ${most} s after the last byte.`);
    },
    count: (source, bytes) => {
      watchMemory(bytes);
      fetched[source] = (fetched[source] ?? 0) + bytes;
      const now = performance.now();
      if (lastMs !== null && now - lastMs < PAUSE_MS) {
        spentMs += now - lastMs;
      }
      lastMs = now;
    },
    arrived: (stored, file, faults) => {
      arrived.add(stored.sha256);
      options.arrived?.(stored, file, faults);
    },
  };

  const start = (file: IndexFile): Transfer => {
    const key = keyOf(file);
    const seen = firstSeen.get(key);
    if (seen !== undefined) {
      return start({ ...file, sha256: seen.sha256, size: seen.size, hashOrigin: 'first-seen' });
    }
    const known = running.get(key);
    if (known !== undefined) {
      return known;
    }
    const sides = readings(file);
    const transfer =
      sides.length > 1 ? settleDispute(file, sides, sides.map(start)) : startFileTransfer(file, placeOf(key), around);
    running.set(key, transfer);
    started.push(transfer);
    transfer.done
      .then((stored) => {
        if (file.sha256 === null) {
          firstSeen.set(key, stored);
        }
      })
      .catch((error: unknown) => log.debug(`${file.filename}: ${String(error)}`))
      // The next one who asks finds it in the store, or tries again.
      .finally(() => running.delete(key))
      .catch((error: unknown) => log.debug(String(error)));
    return transfer;
  };

  const slice: Transfers['slice'] = (file, from, to, signal) => fetchSlice(file, from, to, around, signal);

  const text = async (file: IndexFile, signal: AbortSignal): Promise<Uint8Array> =>
    (await fetchSlice(file, 0, null, around, signal)).bytes;

  const metadata: Transfers['metadata'] = (file, signal) => {
    const key = keyOf(file);
    const known = texts.get(key);
    if (known !== undefined) {
      return known;
    }
    const reading = wheelMetadata(file, { get: start, slice, text }, store, signal);
    texts.set(key, reading);
    reading.catch(() => texts.delete(key));
    return reading;
  };

  return {
    get: start,
    slice,
    metadata,
    fetched: () => ({ ...fetched }),
    spentMs: () => Math.round(spentMs),
    arrived: () => arrived,
    faults: () => started.flatMap((transfer) => transfer.faults()),
    close: async () => {
      end.abort(new Error('the transfers were closed'));
      await Promise.allSettled([...running.values()].map((transfer) => transfer.done));
      clearTimeout(alarm);
    },
  };
}

/** Name of the place of a file on its way: one folder, to which more is added, with at most 255 characters (NAME_MAX). The hash is at its front. */
function placeOf(key: string): string {
  return key.replace(/[^\w.+!-]/g, '_').slice(0, 200);
}

/** What makes two files one transfer: hash and name, or where no hash is known the addresses and the name. */
function keyOf(file: IndexFile): string {
  const where =
    file.sha256 ??
    createHash('sha256')
      .update(file.locations.map((l) => `${l.url} ${l.sha256}`).join('\n'))
      .digest('hex')
      .slice(0, 32);
  return `${where}-${file.filename}`;
}
