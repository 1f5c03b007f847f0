import { diskFull, fileSize } from '../store/atomic.js';
import type { PartialFile } from '../store/store.js';
import type { IndexFile, SourceFault } from '../values/source.js';
import { ask, type Reply } from './ask.js';
import { createBell } from './bell.js';
import { blame } from './blame.js';
import { pour } from './connection.js';
import { openDiskFile } from './disk-file.js';
import { measure } from './lanes.js';
import { type Identity, readRecord } from './record.js';
import { asRefusal, type Refusal, Refused, refused } from './refusal.js';
import { createRoutes, exhausted, type FileRoute, faultOf, isAlive, readyAt, refuse, viewRoute } from './routes.js';
import { createSegments, type Segment } from './segments.js';
import type { Surroundings, Work } from './transfer.js';

/** One open connection. */
interface Line {
  readonly route: FileRoute;
  readonly stop: AbortController;
  bytes: number;
  /** Bytes and time (ms) of the last look. */
  seenBytes: number;
  seenAt: number;
}

/** The bytes of one file on their way into its partial file. */
export interface Download extends Work {
  /** Works until the hash of the whole is right; answers with it. Rejects when no source is left. */
  run(): Promise<string>;
  size(signal: AbortSignal): Promise<number>;
  read(from: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
  faults(): readonly SourceFault[];
  /** Ends the connections, records what is there and closes the file once its readers have left. */
  close(): Promise<void>;
}

/** Opens the download of `file` into `partial`, going on with what an earlier run left there. */
export async function openDownload(file: IndexFile, partial: PartialFile, around: Surroundings): Promise<Download> {
  const { timings, log } = around;
  const expected = file.sha256;
  const routes = createRoutes(file, around.lane);
  const bell = createBell();
  const life = new AbortController();
  const signal = AbortSignal.any([around.signal, life.signal]);
  const lines = new Set<Line>();
  const faults: SourceFault[] = [];

  const stated = file.size ?? routes.find((r) => r.location.size !== null)?.location.size ?? null;
  const startOver = (): ReturnType<typeof createSegments> =>
    createSegments(stated, timings.segmentBytes, timings.wholeBelow);
  const kept = readRecord(partial.record, expected, (await fileSize(partial.path)) ?? 0);
  let segments =
    kept === null || (stated !== null && stated !== kept.size)
      ? startOver()
      : createSegments(kept.size, timings.segmentBytes, timings.wholeBelow, kept.pieces);
  if (expected === null && segments.missing() === 0) {
    segments = startOver();
  }
  let identity: Identity | null = segments.sources().length > 0 ? (kept?.identity ?? null) : null;
  // Bytes that no hash vouches for are shown to nobody before their source has said that they are still those of the file.
  let confirmed = expected !== null || identity === null;
  let recalling: string | null = null;
  let verified = false;
  let failure: unknown = null;
  let saving: Promise<void> | null = null;

  const extent = {
    front: () => (confirmed ? segments.front() : 0),
    size: () => (confirmed ? segments.size() : null),
    verified: () => verified,
  };
  const disk = await openDiskFile(partial.path, file.filename, expected, extent, bell, () => failure);

  const fail = (error: unknown): void => {
    failure ??= error;
    life.abort(failure);
    bell.ring();
  };

  const usable = (route: FileRoute): boolean => {
    const sameCopy = expected !== null || identity === null || identity.source === route.location.source;
    const better = routes.some((r) => r !== route && !r.rangeless && isAlive(r) && !r.suspected);
    return sameCopy && (!route.rangeless || (route.mine === 0 && !better));
  };
  const others = (route: FileRoute): FileRoute[] =>
    routes.filter((r) => r.lane !== route.lane && isAlive(r) && !r.suspected);

  const takeBack = (source: string): void => {
    segments.recall(source);
    disk.restart();
    bell.ring();
  };

  /** After every change: takes back what is to be taken back, gives up when nobody is left. */
  const settle = (): void => {
    if (lines.size === 0 && failure === null && !verified) {
      if (recalling !== null) {
        takeBack(recalling);
        recalling = null;
        identity = null;
      }
      if (segments.missing() > 0 && !routes.some((r) => isAlive(r) && !r.suspected)) {
        for (const route of routes) {
          route.suspected = false;
        }
        if (!routes.some(isAlive)) {
          fail(exhausted(file.filename, routes));
        }
      }
    }
    bell.ring();
    around.changed();
  };

  const blameRoute = (route: FileRoute, refusal: Refusal, gained: number): void => {
    const left = refuse(route, refusal, gained, others(route).length === 0, Date.now());
    faults.push(faultOf(route, refusal));
    log.debug(`${file.filename}: ${route.location.source} ${refusal.detail}${left ? '; left' : ''}`);
    if (left && expected === null && identity?.source === route.location.source) {
      recalling = identity.source;
    }
  };

  /** Takes in what an answer says of the file. False: the answer is of no use, and nobody's fault. */
  const accept = async (reply: Reply, route: FileRoute, asked: Segment, whole: boolean): Promise<boolean> => {
    const copy = { source: route.location.source, validator: reply.validator ?? '' };
    if (expected === null && identity !== null && (identity.validator !== copy.validator || !sameSize(reply))) {
      if (confirmed) {
        recalling = identity.source;
        throw refused('reset', 'has another file now than when its first bytes came');
      }
      [segments, identity, confirmed] = [startOver(), null, true];
      disk.restart();
      return false;
    }
    identity ??= copy;
    confirmed = true;
    if (!reply.ranged && !whole) {
      route.rangeless = true;
      if (asked.reached > 0 && others(route).some((r) => !r.rangeless)) {
        return false;
      }
    }
    if (reply.total !== null && segments.size() === null) {
      segments.setSize(reply.total);
      await checkSpace();
    }
    return true;
  };
  const sameSize = (reply: Reply): boolean => reply.total === null || reply.total === (segments.size() ?? reply.total);

  const checkSpace = async (): Promise<void> => {
    const [needed, free] = [segments.missing(), await around.store.free()];
    if (Number.isFinite(needed) && needed > free) {
      throw diskFull(around.store.root, needed, free);
    }
  };

  const carry = async (line: Line, segment: Segment): Promise<void> => {
    const { route } = line;
    const whole = route.rangeless || (segment.reached === 0 && segment.end === segments.size());
    let claimed = false;
    try {
      const reply = await ask(around.client, {
        url: route.location.url,
        credentials: around.credentials(route.location),
        from: segment.reached,
        to: Number.isFinite(segment.end) ? segment.end : timings.segmentBytes,
        size: expected === null && !confirmed ? null : segments.size(),
        whole,
        limits: others(route).length > 0 ? timings.hurried : timings.patient,
        signal: AbortSignal.any([signal, line.stop.signal]),
      });
      if (!(await accept(reply, route, segment, whole))) {
        reply.cancel();
        return;
      }
      claimed = true;
      bell.ring();
      const body = metered(reply.body, (bytes) => {
        line.bytes += bytes;
        around.count(route.location.source, bytes);
      });
      await pour({ ...reply, body }, segment, segments, !reply.ranged, async (into, bytes) => {
        await disk.write(bytes, into.reached, into.compareTo);
        segments.advance(into, route.location.source, into.reached + bytes.length);
        bell.ring();
      });
      route.strikes = 0;
    } finally {
      segment.busy &&= claimed;
    }
  };

  const connect = async (route: FileRoute, segment: Segment): Promise<void> => {
    const started = Date.now();
    const line: Line = { route, stop: new AbortController(), bytes: 0, seenBytes: 0, seenAt: started };
    lines.add(line);
    route.mine += 1;
    route.lane.active += 1;
    try {
      await carry(line, segment);
    } catch (error) {
      const refusal = line.stop.signal.aborted ? asRefusal(line.stop.signal.reason) : asRefusal(error);
      if (signal.aborted) {
        return;
      }
      if (refusal === null) {
        fail(error);
        return;
      }
      blameRoute(route, refusal, line.bytes);
    } finally {
      lines.delete(line);
      route.mine -= 1;
      route.lane.active -= 1;
      measure(route.lane, line.bytes, Date.now() - started);
      settle();
    }
  };

  const dropSlow = (nowMs: number): void => {
    for (const line of lines) {
      const ms = nowMs - line.seenAt;
      if (ms < timings.slowMs) {
        continue;
      }
      const ready = others(line.route).filter((r) => usable(r) && readyAt(r) <= nowMs);
      const best = Math.max(0, ...ready.map((r) => r.lane.rate ?? 0));
      const enough = Math.max(timings.slowBytes, (best * ms) / 10_000);
      if (ready.length > 0 && line.bytes - line.seenBytes < enough) {
        line.stop.abort(new Refused({ kind: 'slow', detail: `brought ${line.bytes - line.seenBytes} bytes in ${ms} ms`, remedy: null, retryAfterMs: null }));
      }
      line.seenBytes = line.bytes;
      line.seenAt = nowMs;
    }
  };

  const save = async (): Promise<void> => {
    const size = segments.size();
    if (size !== null && confirmed) {
      await partial.save({ version: 1, size, sha256: expected, identity, pieces: segments.pieces() }, expected === null);
    }
  };

  const tick = (): void => {
    dropSlow(Date.now());
    settle();
    const total = segments.size();
    const missing = segments.missing();
    log.progress({
      item: file.filename,
      bytes: total === null ? segments.front() : total - missing,
      total,
      sources: [...new Set([...lines].map((l) => l.route.location.source))],
    });
    saving ??= save()
      .catch(fail)
      .finally(() => {
        saving = null;
      });
  };

  const repair = (actual: string): void => {
    const next = blame(segments.sources(), routes);
    if (next.recall === null) {
      throw exhausted(file.filename, routes);
    }
    for (const route of routes.filter((r) => r.location.source === next.recall)) {
      if (next.proven) {
        blameRoute(route, wrongHash(expected, actual), 0);
      } else {
        route.suspected = true;
      }
    }
    takeBack(next.recall);
    settle();
  };

  const clear = (differencesBefore: number): void => {
    for (const route of routes.filter((r) => r.suspected && disk.differences() > differencesBefore)) {
      blameRoute(route, wrongHash(expected, null), 0);
    }
  };

  return {
    run: async () => {
      await checkSpace();
      const timer = setInterval(tick, timings.tickMs);
      let differencesBefore = 0;
      try {
        settle();
        for (;;) {
          const actual = await disk.hash(signal);
          while (lines.size > 0) {
            await bell.wait(signal);
          }
          if (expected === null || actual === expected) {
            verified = true;
            clear(differencesBefore);
            bell.ring();
            return actual;
          }
          differencesBefore = disk.differences();
          repair(actual);
        }
      } catch (error) {
        fail(error);
        throw failure;
      } finally {
        clearInterval(timer);
      }
    },
    size: async (waiting) => {
      for (;;) {
        const size = extent.size();
        if (size !== null) {
          return size;
        }
        if (failure !== null) {
          throw failure;
        }
        await bell.wait(waiting);
      }
    },
    read: (from, reading) => disk.read(from, reading),
    faults: () => faults,
    close: async () => {
      life.abort(new Error('closed'));
      while (lines.size > 0) {
        await bell.wait(AbortSignal.timeout(5000));
      }
      await saving;
      if (!verified) {
        await save();
      }
      await disk.close();
    },
    want: (nowMs) => {
      const single = expected === null && (identity === null || !confirmed);
      const idle = recalling !== null || failure !== null || verified;
      const more = segments.hasFree() || segments.widest() >= timings.splitBytes;
      return {
        missing: segments.missing(),
        connections: lines.size,
        most: idle || !more ? 0 : single ? 1 : timings.connectionsPerFile,
        routes: routes.map((r) => viewRoute(r, usable(r), nowMs)),
      };
    },
    begin: (index) => {
      const route = routes[index];
      const segment = segments.take() ?? segments.split(timings.splitBytes);
      if (route !== undefined && segment !== null) {
        connect(route, segment).catch(fail);
      }
    },
    wakeAt: (nowMs) => {
      const waiting = routes.filter((r) => isAlive(r) && !r.suspected && usable(r) && readyAt(r) > nowMs);
      return Math.min(...waiting.map(readyAt));
    },
  };
}

async function* metered(body: AsyncIterable<Uint8Array>, count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    count(chunk.length);
    yield chunk;
  }
}

function wrongHash(expected: string | null, actual: string | null): Refusal {
  const seen = actual === null ? 'other bytes' : `sha256 ${actual}`;
  return { kind: 'wrong-hash', detail: `sent ${seen} where the index says ${expected}`, remedy: null, retryAfterMs: null };
}
