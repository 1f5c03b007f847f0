import { createHash } from 'node:crypto';
import { startTimeLimit } from '../net/time-limit.js';
import type { IndexFile } from '../values/source.js';
import type { Slice } from '../values/transfers.js';
import { ask } from './ask.js';
import { compare, isBehind } from './lanes.js';
import { outlasts } from './outage.js';
import { asRefusal, refused } from './refusal.js';
import { createRoutes, exhausted, type FileRoute, isAlive, readyAt, refuse, viewRoute } from './routes.js';
import { createScout } from './scout.js';
import type { Surroundings, Work } from './surroundings.js';

/** One request under way. */
interface Attempt {
  readonly route: FileRoute;
  readonly stop: AbortController;
  /** Time (`performance.now()`, ms). */
  readonly begunAt: number;
  /** It could have brought enough by now. */
  overdue: boolean;
  received: number;
}

/** A small file is not larger than this (bytes). */
const SMALL = 2 ** 24;

/**
 * Bytes `[from, to)` of a file by one small range request, or the whole of a small one where `to` is null, from the first source that
 * answers with them; nothing is kept. What comes whole has the hash that its place states; no hash vouches for a range. A resolver waits
 * for them: a source that takes its time is raced by the next one. Throws a Failure naming each source when none does (for a range, one
 * that ignores ranges does not).
 */
export function fetchSlice(
  file: IndexFile,
  from: number,
  to: number | null,
  around: Surroundings,
  signal: AbortSignal,
): Promise<Slice> {
  const { timings } = around;
  const routes = createRoutes(file, around.lane);
  const both = AbortSignal.any([signal, around.signal]);
  return new Promise((resolve, reject) => {
    // No event tells of an abort that has been.
    both.throwIfAborted();
    const attempts = new Set<Attempt>();
    /** Nobody is waited for any longer without asking another one too. */
    let late = false;
    let alarm: NodeJS.Timeout | undefined;
    const settle = (settled: () => void): void => {
      clearTimeout(alarm);
      around.remove(work);
      both.removeEventListener('abort', stop);
      settled();
      for (const attempt of attempts) {
        attempt.stop.abort(new Error('another source answered'));
      }
    };
    const stop = (): void => settle(() => reject(both.reason));
    const scout = createScout(file, routes, around, around.changed);
    /** Nobody that is known may be asked, and nothing is under way. */
    const isStuck = (): boolean => attempts.size === 0 && !routes.some(isAlive);
    const giveUp = (): void => {
      scout.send();
      if (!isStuck() || scout.isOpen()) {
        return;
      }
      if (outlasts(routes, around)) {
        around.changed();
      } else {
        settle(() => reject(exhausted(file, routes)));
      }
    };
    const isAsked = (route: FileRoute): boolean => [...attempts].some((a) => a.route.lane === route.lane);
    const isAlone = (route: FileRoute): boolean => !routes.some((r) => r !== route && isAlive(r));

    const fetchFrom = async (attempt: Attempt, hurried: boolean): Promise<Slice> => {
      const { route, begunAt } = attempt;
      const reply = await ask(around.client, {
        url: route.location.url,
        credentials: around.credentials(route.location),
        from,
        to,
        size: file.size,
        whole: to === null,
        limits: hurried ? timings.hurried : timings.patient,
        signal: AbortSignal.any([both, attempt.stop.signal]),
      });
      if (!reply.ranged && to !== null) {
        reply.cancel();
        throw refused('malformed', 'sends the whole file where a range was asked for');
      }
      const pieces: Uint8Array[] = [];
      for await (const piece of reply.body) {
        around.count(route.location.source, piece.length);
        pieces.push(piece);
        attempt.received += piece.length;
        if (attempt.received > SMALL) {
          throw refused('malformed', `sends more than ${SMALL} bytes`);
        }
        const ms = performance.now() - begunAt;
        if (hurried && attempt.overdue && attempt.received < (timings.slowBytes * ms) / timings.slowMs) {
          throw refused('slow', `brought ${attempt.received} bytes in ${Math.round(ms)} ms`);
        }
      }
      const bytes = Buffer.concat(pieces);
      const total = reply.total ?? (to === null ? bytes.length : null);
      if (total === null || bytes.length !== Math.min(to ?? total, total) - from) {
        throw refused('reset', `sent ${bytes.length} bytes of the range ${from}-${to === null ? '' : to - 1}`);
      }
      const { sha256 } = route.location;
      if (to === null && sha256 !== null && createHash('sha256').update(bytes).digest('hex') !== sha256) {
        throw refused('malformed', `sends other bytes than its page says (sha256 ${sha256})`);
      }
      return { bytes, total };
    };

    const run = async (route: FileRoute): Promise<void> => {
      const alone = isAlone(route);
      const hurried = !alone || scout.isOpen();
      const attempt: Attempt = {
        route,
        stop: new AbortController(),
        begunAt: performance.now(),
        overdue: false,
        received: 0,
      };
      const limit = startTimeLimit(timings.slowMs, () => {
        attempt.overdue = true;
      });
      attempts.add(attempt);
      route.lane.active += 1;
      late = false;
      clearTimeout(alarm);
      alarm = setTimeout(() => {
        late = true;
        if (isAlone(route)) {
          scout.send();
        }
        around.changed();
      }, timings.raceMs);
      try {
        const slice = await fetchFrom(attempt, hurried);
        attempts.delete(attempt);
        const now = performance.now();
        compare(
          route.lane,
          now - attempt.begunAt,
          slice.bytes.length,
          [...attempts].map(({ route: { lane }, begunAt, received }) => ({ lane, ms: now - begunAt, received })),
        );
        settle(() => resolve(slice));
      } catch (error) {
        if (attempt.stop.signal.aborted) {
          return;
        }
        const refusal = asRefusal(error);
        if (refusal === null || both.aborted) {
          settle(() => reject(error));
          return;
        }
        refuse(route, refusal, 0, !hurried, attempt.begunAt, performance.now());
        late = true;
        if (alone) {
          scout.send();
        }
      } finally {
        limit.clear();
        attempts.delete(attempt);
        route.lane.active -= 1;
        around.changed();
      }
    };
    const work: Work = {
      want: (nowMs) => {
        if (isStuck()) {
          // Also by what another file met at the same host.
          queueMicrotask(giveUp);
        }
        const open = (attempts.size === 0 || late) && !scout.isAwaited();
        const free = routes.filter((r) => isAlive(r) && !isAsked(r) && readyAt(r) <= nowMs);
        const prompt = free.some((r) => !isBehind(r.lane));
        const usable = (r: FileRoute): boolean => !isAsked(r) && !(prompt && isBehind(r.lane));
        // One that is raced counts as none: it would not get its turn before large files.
        return {
          missing: (to ?? SMALL) - from,
          connections: 0,
          most: open ? 1 : 0,
          routes: routes.map((r) => viewRoute(r, usable(r), nowMs)),
        };
      },
      begin: (index) => {
        const route = routes[index];
        if (route !== undefined) {
          run(route).catch(reject);
        }
      },
      wakeAt: (nowMs) => Math.min(...routes.filter((r) => isAlive(r) && readyAt(r) > nowMs).map(readyAt)),
      unwritten: () => 0,
    };
    both.addEventListener('abort', stop, { once: true });
    around.add(work);
  });
}
