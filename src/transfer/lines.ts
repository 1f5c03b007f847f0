import { ask, type Reply } from './ask.js';
import { pour } from './connection.js';
import type { DiskFile } from './disk-file.js';
import { type DownloadState, isBettered, isUsable, othersThan, startOver, statedSize } from './download-state.js';
import { measure } from './lanes.js';
import { asRefusal, type Refusal, refused } from './refusal.js';
import { type FileRoute, readyAt } from './routes.js';
import type { Segment } from './segments.js';
import type { Surroundings } from './surroundings.js';

/**
 * A file that no hash vouches for may change while it comes. Machines behind one address that state different ETags for the same bytes
 * look alike: after the second change it comes over one connection, from one of them, and after so many its source is left.
 */
const MOST_CHANGES = 5;

/** One open connection. */
interface Line {
  readonly route: FileRoute;
  readonly stop: AbortController;
  /** Time (`performance.now()`, ms). */
  readonly begunAt: number;
  bytes: number;
  /** Bytes among them that the file lacked. */
  gained: number;
  /** Time (ms) in which nothing could come because of us: its bytes were on their way to the disk, or this process did not run. */
  ownMs: number;
  isWriting: boolean;
  /** Bytes and time at the source (ms since the beginning) of the last look. */
  seenBytes: number;
  seenMs: number;
}

/** A look so much later (ms) than it was due tells that this process did not run. */
const LATE_MS = 100;

/** Milliseconds in which a connection could bring something. */
function sourceMs({ begunAt, ownMs }: Line, nowMs: number): number {
  return nowMs - begunAt - ownMs;
}

/** The open connections of one file. */
export interface Lines {
  open(route: FileRoute, segment: Segment): void;
  count(): number;
  sources(): string[];
  /** Gives up connections that are far slower than another source would be. */
  dropSlow(nowMs: number): void;
}

/** What happens at the end of a connection. */
export interface LineEvents {
  /** Another source may turn up, also where none is known. */
  hopeful(): boolean;
  /** A connection is slow, and nobody is known who could take over. */
  crawled(): void;
  /** The source refused, after `gained` bytes that the file lacked came over a connection that was begun at `begunMs`. */
  refused(route: FileRoute, refusal: Refusal, gained: number, begunMs: number): void;
  /** Something is wrong that is not the source's fault. */
  failed(error: unknown): void;
  /** A connection was closed, whatever the reason. */
  closed(): void;
  /** Bytes `[from, to)` have reached the file. */
  wrote(from: number, to: number): Promise<void>;
  /** The length has become known: throws when the disk has no room. */
  measured(): Promise<void>;
}

/** Opens connections that carry bytes from the routes of a file into its partial file, until `signal` ends them all. */
export function createLines(
  state: DownloadState,
  disk: DiskFile,
  around: Surroundings,
  signal: AbortSignal,
  events: LineEvents,
): Lines {
  const { file, bell } = state;
  const { timings } = around;
  const lines = new Set<Line>();
  let lookedAt = performance.now();

  /** Takes in what an answer says of the file. False: the answer is of no use, and nobody's fault. */
  const accept = async (reply: Reply, route: FileRoute, asked: Segment, whole: boolean): Promise<boolean> => {
    const { identity, segments } = state;
    const copy = { source: route.location.source, validator: reply.validator ?? '' };
    const sameSize = reply.total === null || reply.total === (segments.size() ?? reply.total);
    if (file.sha256 === null && identity !== null && (identity.validator !== copy.validator || !sameSize)) {
      if (state.confirmed) {
        // Connections that meet the same change are told of it once.
        route.changes += state.recalling === null ? 1 : 0;
        state.recalling = identity.source;
        state.forgetting ||= !sameSize;
        if (route.changes > MOST_CHANGES) {
          throw refused('malformed', `had another file ${route.changes} times while it was downloaded`);
        }
        route.rangeless ||= route.changes > 1;
        throw refused('reset', 'has another file now than when its first bytes came');
      }
      startOver(state, disk, timings);
      return false;
    }
    if (!sameSize) {
      if (segments.sources().length === 0) {
        // What came under the other length was wrong, or never came.
        state.forgetting = true;
        return false;
      }
      // One of the two is wrong, and the hash tells. Who contradicts itself is not asked again.
      route.otherSize = state.sizeFrom !== route;
      throw refused('malformed', `has a file of ${reply.total} bytes, not ${segments.size()}`);
    }
    if (reply.ranged && reply.total === null && segments.size() === null) {
      if (whole) {
        throw refused('malformed', 'answers a request for the whole with a part, and does not say of how much');
      }
      // It does not say how long the file is: the end of the whole will.
      route.rangeless = true;
      return false;
    }
    state.identity ??= copy;
    state.confirmed = true;
    if (!reply.ranged && !whole) {
      route.rangeless = true;
      if (asked.reached > 0 && isBettered(route, state)) {
        return false;
      }
    }
    if (reply.total !== null && segments.size() === null) {
      segments.setSize(reply.total);
      state.sizeFrom = route;
      await events.measured();
    }
    bell.ring();
    return true;
  };

  const carry = async (line: Line, segment: Segment): Promise<void> => {
    const { route } = line;
    const { segments } = state;
    const { source, url } = route.location;
    // The scheduler may split the segment for others before it is done: asked for now, their part would come twice.
    await Promise.resolve();
    const whole = route.rangeless || (segment.reached === 0 && segment.end === segments.size());
    let claimed = false;
    try {
      const reply = await ask(around.client, {
        url,
        credentials: around.credentials(route.location),
        from: segment.reached,
        to: Number.isFinite(segment.end) ? segment.end : timings.segmentBytes,
        size: state.confirmed ? statedSize(file) : null,
        whole,
        limits: othersThan(route, state).length > 0 || events.hopeful() ? timings.hurried : timings.patient,
        signal: AbortSignal.any([signal, line.stop.signal]),
      });
      try {
        claimed = await accept(reply, route, segment, whole);
      } finally {
        if (!claimed) {
          reply.cancel();
        }
      }
      if (!claimed) {
        return;
      }
      await pour(reply, segment, segments, !reply.ranged, {
        batch: timings.splitBytes / 2,
        arrived: (bytes) => {
          line.bytes += bytes;
          around.count(source, bytes);
          // The first measurement of a host doesn't wait for the end of a connection: a slow one would take until then to be known as slow.
          if (route.lane.rate === null) {
            measure(route.lane, line.bytes, sourceMs(line, performance.now()), false);
          }
        },
        write: async (into, pieces) => {
          const from = into.reached;
          const since = performance.now();
          line.isWriting = true;
          const to = from + (await disk.write(pieces, from, into.compareTo));
          line.isWriting = false;
          line.ownMs += performance.now() - since;
          line.gained += to - from;
          segments.advance(into, source, to);
          bell.ring();
          await events.wrote(from, to);
        },
      });
      route.strikes = 0;
    } catch (error) {
      if (state.confirmed || asRefusal(error)?.status !== 416) {
        throw error;
      }
      // Nothing of its file lies where the one of an earlier run went on (RFC 9110, section 15.5.17): it is another one.
      startOver(state, disk, timings);
    } finally {
      segment.busy &&= claimed;
    }
  };

  const run = async (line: Line, segment: Segment): Promise<void> => {
    const { route, stop } = line;
    lines.add(line);
    route.mine += 1;
    route.lane.active += 1;
    try {
      await carry(line, segment);
    } catch (error) {
      const refusal = asRefusal(stop.signal.aborted ? stop.signal.reason : error);
      if (signal.aborted) {
        return;
      }
      if (refusal === null) {
        events.failed(error);
      } else {
        events.refused(route, refusal, line.gained, line.begunAt);
      }
    } finally {
      lines.delete(line);
      route.mine -= 1;
      route.lane.active -= 1;
      measure(route.lane, line.bytes, sourceMs(line, performance.now()), stop.signal.aborted);
      events.closed();
    }
  };

  return {
    open: (route, segment) => {
      const stop = new AbortController();
      const begunAt = performance.now();
      const line = { route, stop, begunAt, bytes: 0, gained: 0, ownMs: 0, isWriting: false, seenBytes: 0, seenMs: 0 };
      run(line, segment).catch(events.failed);
    },
    count: () => lines.size,
    sources: () => [...new Set([...lines].map((line) => line.route.location.source))],
    dropSlow: (nowMs) => {
      const lateMs = nowMs - lookedAt - timings.lookMs;
      lookedAt = nowMs;
      for (const line of lines) {
        if (lateMs > LATE_MS) {
          // What came meanwhile was not read yet: the next look tells.
          line.ownMs += Math.min(lateMs, nowMs - line.begunAt);
          line.seenBytes = line.bytes;
          line.seenMs = Math.max(line.seenMs, sourceMs(line, nowMs));
        }
        if (lateMs > LATE_MS || line.isWriting) {
          continue;
        }
        const ms = sourceMs(line, nowMs) - line.seenMs;
        const ready = othersThan(line.route, state).filter((r) => isUsable(r, state) && readyAt(r) <= nowMs);
        const best = Math.max(0, ...ready.map((r) => r.lane.rate ?? 0));
        const brought = line.bytes - line.seenBytes;
        // A new connection with a twentieth of another one's rate is not waited for: a file may be there before its time is up.
        const crawls = line.seenMs === 0 && brought > 0 && brought < (best * ms) / 20_000;
        const outrun = ms >= timings.slowMs / (crawls ? 8 : 4) && brought < (best * ms) / 10_000;
        if (ms < timings.slowMs && !outrun) {
          continue;
        }
        if (ready.length === 0 && brought < timings.slowBytes) {
          // Silence has a limit of its own, after which the source is asked again.
          if (brought > 0) {
            events.crawled();
          }
        } else if (outrun || (ready.length > 0 && brought < timings.slowBytes)) {
          const much = brought === 0 ? 'sent nothing within' : `brought ${brought} bytes in`;
          line.stop.abort(refused('slow', `${much} ${Math.round(ms)} ms`));
        }
        line.seenBytes = line.bytes;
        line.seenMs += ms;
      }
    },
  };
}
