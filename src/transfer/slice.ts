import type { IndexFile } from '../values/source.js';
import type { Slice } from '../values/transfers.js';
import { ask } from './ask.js';
import { asRefusal, refused } from './refusal.js';
import { createRoutes, exhausted, isAlive, readyAt, refuse, viewRoute } from './routes.js';
import { createScout } from './scout.js';
import type { Surroundings, Work } from './surroundings.js';

/**
 * Bytes `[from, to)` of a file by one small range request, from the first source that answers with them; nothing is kept, and no hash
 * vouches for them. Throws a Failure naming each source when none does (one that ignores ranges does not).
 */
export function fetchSlice(
  file: IndexFile,
  from: number,
  to: number,
  around: Surroundings,
  signal: AbortSignal,
): Promise<Slice> {
  const { timings } = around;
  const routes = createRoutes(file, around.lane);
  const both = AbortSignal.any([signal, around.signal]);
  return new Promise((resolve, reject) => {
    let busy = false;
    const settle = (settled: () => void): void => {
      around.remove(work);
      both.removeEventListener('abort', stop);
      settled();
    };
    const stop = (): void => settle(() => reject(both.reason));
    const giveUp = (): void => settle(() => reject(exhausted(file.filename, routes)));
    const scout = createScout(file, routes, around, () => (routes.some(isAlive) ? around.changed() : giveUp()));
    const fetchFrom = async (index: number): Promise<void> => {
      const route = routes[index];
      if (route === undefined) {
        return;
      }
      const begun = Date.now();
      const alone = !routes.some((r) => r !== route && isAlive(r));
      const hurried = !alone || scout.isOpen();
      route.lane.active += 1;
      busy = true;
      try {
        const limits = hurried ? timings.hurried : timings.patient;
        const wanted = {
          url: route.location.url,
          credentials: around.credentials(route.location),
          from,
          to,
          size: file.size,
        };
        const reply = await ask(around.client, { ...wanted, whole: false, limits, signal: both });
        if (!reply.ranged) {
          reply.cancel();
          throw refused('malformed', 'sends the whole file where a range was asked for');
        }
        const pieces: Uint8Array[] = [];
        let received = 0;
        for await (const piece of reply.body) {
          around.count(route.location.source, piece.length);
          pieces.push(piece);
          received += piece.length;
          const ms = Date.now() - begun;
          if (hurried && ms > timings.slowMs && received < (timings.slowBytes * ms) / timings.slowMs) {
            throw refused('slow', `brought ${received} bytes in ${ms} ms`);
          }
        }
        const bytes = Buffer.concat(pieces);
        const total = reply.total;
        if (total === null || bytes.length !== Math.min(to, total) - from) {
          throw refused('reset', `sent ${bytes.length} bytes of the range ${from}-${to - 1}`);
        }
        settle(() => resolve({ bytes, total }));
      } catch (error) {
        const refusal = asRefusal(error);
        if (refusal === null || both.aborted) {
          settle(() => reject(error));
          return;
        }
        refuse(route, refusal, 0, !hurried, begun, Date.now());
        if (alone) {
          scout.send();
        }
        if (!routes.some(isAlive) && !scout.isOpen()) {
          giveUp();
        }
      } finally {
        busy = false;
        route.lane.active -= 1;
        around.changed();
      }
    };
    const work: Work = {
      want: (nowMs) => ({
        missing: to - from,
        connections: busy ? 1 : 0,
        most: busy ? 0 : 1,
        routes: routes.map((r) => viewRoute(r, true, nowMs)),
      }),
      begin: (route) => {
        fetchFrom(route).catch(reject);
      },
      wakeAt: (nowMs) => Math.min(...routes.filter((r) => isAlive(r) && readyAt(r) > nowMs).map(readyAt)),
    };
    both.addEventListener('abort', stop, { once: true });
    around.add(work);
    if (!routes.some(isAlive)) {
      scout.send();
      if (!scout.isOpen()) {
        giveUp();
      }
    }
  });
}
