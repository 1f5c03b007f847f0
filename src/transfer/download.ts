import { stat } from 'node:fs/promises';
import type { IndexFile, SourceFault } from '../values/source.js';
import { DiskFull, type PartialFile } from '../values/store.js';
import { createBell } from './bell.js';
import { watchBusyness } from './busyness.js';
import { openDiskFile } from './disk-file.js';
import { forgetSize, isStranded, isUsable, othersThan, readState, startOver, takeBack } from './download-state.js';
import { isGivenUp, weighFirst } from './first-source.js';
import { createLines } from './lines.js';
import { keepNotes } from './notes.js';
import { outlasts } from './outage.js';
import type { Identity } from './record.js';
import type { Refusal } from './refusal.js';
import { createRepair } from './repair.js';
import {
  agreeing,
  createRoutes,
  exhausted,
  type FileRoute,
  faultOf,
  isAlive,
  readyAt,
  refuse,
  viewRoute,
} from './routes.js';
import { createScout } from './scout.js';
import type { Surroundings, Work } from './surroundings.js';

/** How long (ms) half of a rest has to take over the slowest source in use to be worth another connection. */
const SPLIT_MS = 150;
/** A source counts as slow beside one that is more than so many times as fast. */
const SLOWER = 2;

/** How long (ms) connections have for their end. */
const CLOSING_MS = 5000;

/** The bytes of one file on their way into its partial file. */
export interface Download extends Work {
  /** Works until the hash of the whole is right; answers with it. Rejects when no source is left. */
  run(): Promise<string>;
  size(signal: AbortSignal): Promise<number>;
  read(from: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
  faults(): readonly SourceFault[];
  /** Which copy was fetched; null before the first answer. */
  identity(): Identity | null;
  /** Ends the connections and closes the file once its readers have left. */
  close(): Promise<void>;
}

/** Opens the download of `file` into `partial`, going on with what an earlier run left there. */
export async function openDownload(file: IndexFile, partial: PartialFile, around: Surroundings): Promise<Download> {
  const { timings, log, store } = around;
  const expected = file.sha256;
  const routes = createRoutes(file, around.lane);
  const bell = createBell();
  const isBusy = watchBusyness();
  const life = new AbortController();
  const signal = AbortSignal.any([around.signal, life.signal]);
  const faults: SourceFault[] = [];
  const onDisk = (await stat(partial.path)).size;
  const state = readState(file, routes, bell, timings, partial.notes, onDisk);
  const extent = {
    front: () => (state.confirmed ? state.segments.front() : 0),
    size: () => (state.confirmed ? state.segments.size() : null),
    verified: () => state.verified,
  };
  const disk = await openDiskFile(
    partial.path,
    file.filename,
    expected,
    extent,
    bell,
    () => state.failure,
    store.explain,
  );

  const fail = (error: unknown): void => {
    // Nothing is wrong with their hosts.
    for (const { lane } of agreeing(routes)) {
      lane.left = false;
    }
    state.failure ??= error;
    life.abort(state.failure);
    bell.ring();
  };

  const checkSpace = async (): Promise<void> => {
    const [needed, free] = [around.unwritten(), await store.free()];
    if (needed > free) {
      throw new DiskFull(store.root, needed, free);
    }
  };

  const notes = keepNotes(state, partial, store);

  const blameRoute = (route: FileRoute, refusal: Refusal, gained: number, begunMs: number): void => {
    const alone = othersThan(route, state).length === 0;
    const left = refuse(route, refusal, gained, alone && !scout.isOpen(), begunMs, performance.now());
    state.widened ||= route.lane.first && isGivenUp(route, refusal);
    if (alone) {
      scout.send();
    }
    faults.push(faultOf(route, refusal));
    log.debug(`${file.filename}: ${route.location.source} ${refusal.detail}${left ? '; left' : ''}`);
  };

  /** After every change: takes back what is to be taken back, gives up when nobody is left. */
  const settle = (): void => {
    if (lines.count() === 0 && state.failure === null && !state.verified) {
      if (state.forgetting) {
        forgetSize(state, disk, timings);
        notes.all().catch(fail);
      }
      state.recalling ??= isStranded(state) ? (state.identity?.source ?? null) : null;
      if (state.recalling !== null) {
        if (state.confirmed) {
          takeBack(state.recalling, state, disk);
          state.identity = null;
        } else {
          startOver(state, disk, timings);
        }
        state.recalling = null;
        notes.all().catch(fail);
      }
      if (state.segments.missing() > 0 && !routes.some((r) => isAlive(r) && !r.suspected)) {
        for (const route of routes) {
          route.suspected = false;
        }
        const gone = !routes.some(isAlive);
        if (gone && scout.isOpen()) {
          scout.send();
        } else if (gone && routes.some((r) => r.otherSize)) {
          // Those whose length was believed can't finish the file.
          forgetSize(state, disk, timings);
          notes.all().catch(fail);
        } else if (gone && !outlasts(routes, around)) {
          fail(exhausted(file, routes));
        }
      }
    }
    bell.ring();
    around.changed();
  };
  const scout = createScout(file, routes, around, settle);
  const repair = createRepair(state, disk, scout, timings, signal, (route, refusal) =>
    blameRoute(route, refusal, 0, performance.now()),
  );
  const lines = createLines(state, disk, around, signal, {
    hopeful: scout.isOpen,
    crawled: () => {
      state.widened = true;
      scout.send();
    },
    refused: blameRoute,
    failed: fail,
    closed: settle,
    measured: checkSpace,
    wrote: notes.wrote,
  });

  const tellProgress = (sources: readonly string[]): void => {
    const total = state.segments.size();
    const bytes = total === null ? state.segments.front() : total - state.segments.missing();
    log.progress({ item: file.filename, bytes, total, sources });
  };

  const tick = (): void => {
    state.widened ||= weighFirst(routes, state.segments.missing()) === 'join';
    settle();
    tellProgress(lines.sources());
  };

  /** The smallest half of a rest that is split off: what the connection there has under way is lost, so the half has to take it a while. */
  const least = (): number => {
    const rates = routes.filter((r) => r.mine > 0).map((r) => r.lane.rate ?? 0);
    return Math.max(timings.splitBytes, (Math.min(...rates) * SPLIT_MS) / 1000);
  };

  let begun = 0;

  /**
   * What a connection is asked for. At first a little more of each one than of the one before, so that they end one after the other: who
   * reads in order has something all the time, and small files get their turn. Less and less towards the end, so that all end together
   * without one being cut off. Of a source that is slower than another one no more than it brings in a second.
   */
  const portion = ({ lane }: FileRoute): number => {
    const rest = Math.max(2 * timings.splitBytes, state.segments.missing() / (lines.count() + 1));
    const rising = Math.max(timings.splitBytes, (timings.segmentBytes * begun) / timings.connectionsPerFile);
    const fair = begun <= timings.connectionsPerFile ? Math.min(rest, rising) : rest;
    const best = Math.max(...routes.map((r) => r.lane.rate ?? 0));
    return lane.rate !== null && lane.rate * SLOWER < best
      ? Math.min(fair, Math.max(timings.splitBytes / 2, lane.rate))
      : fair;
  };

  return {
    run: async () => {
      const timers = [
        setInterval(tick, timings.tickMs),
        setInterval(() => lines.dropSlow(performance.now()), timings.lookMs),
      ];
      try {
        await checkSpace();
        tellProgress([]);
        settle();
        for (let differences = 0; ; ) {
          const actual = await disk.hash(signal);
          while (lines.count() > 0) {
            await bell.wait(signal);
          }
          if (expected === null || actual === expected) {
            await disk.cut(state.segments.size() ?? 0);
            state.verified = true;
            tellProgress(state.segments.sources());
            repair.conclude(disk.differences() > differences);
            bell.ring();
            return actual;
          }
          differences = disk.differences();
          await repair.begin(actual);
          await notes.all();
          settle();
        }
      } catch (error) {
        fail(error);
        throw state.failure;
      } finally {
        timers.forEach(clearInterval);
      }
    },
    size: async (waiting) => {
      for (;;) {
        const size = extent.size();
        if (size !== null) {
          return size;
        }
        if (state.failure !== null) {
          throw state.failure;
        }
        await bell.wait(waiting);
      }
    },
    read: (from, reading) => disk.read(from, reading),
    faults: () => faults,
    identity: () => state.identity,
    close: async () => {
      life.abort(new Error('the download was closed'));
      // A write that the disk does not end is not waited for: the file is closed behind it, and its place is given up.
      const late = AbortSignal.timeout(CLOSING_MS);
      while (lines.count() > 0 && !late.aborted) {
        await bell.wait(late).catch(() => undefined);
      }
      await disk.close();
    },
    want: (nowMs) => {
      const { segments } = state;
      const settling = state.recalling !== null || state.forgetting;
      const idle = scout.isAwaited() || settling || state.failure !== null || state.verified;
      const more = segments.hasFree() || (!isBusy() && segments.widest() >= least());
      // Until it is known which copy is fetched, one connection at a time.
      const single = expected === null && (state.identity === null || !state.confirmed);
      // A slow source that has all connections would leave none to find out with.
      const spare = weighFirst(routes, segments.missing()) === 'try' ? 1 : 0;
      return {
        missing: segments.missing(),
        connections: lines.count(),
        most: idle || !more ? 0 : single ? 1 : timings.connectionsPerFile + spare,
        routes: routes.map((r) => viewRoute(r, isUsable(r, state), nowMs)),
      };
    },
    begin: (index) => {
      begun += 1;
      const route = routes[index];
      const segment = route && (state.segments.take(portion(route)) ?? state.segments.split(least()));
      if (route && segment) {
        lines.open(route, segment);
      }
    },
    wakeAt: (nowMs) => {
      const waiting = routes.filter((r) => isAlive(r) && !r.suspected && isUsable(r, state) && readyAt(r) > nowMs);
      return Math.min(...waiting.map(readyAt));
    },
    unwritten: () => (state.segments.size() === null ? 0 : state.segments.missing()),
  };
}
