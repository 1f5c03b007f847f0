import type { IndexFile } from '../values/source.js';
import { isBehind } from './lanes.js';
import { createRoutes, type FileRoute } from './routes.js';
import type { Surroundings } from './surroundings.js';

/** Looks for more places of one file than its page named, once. */
export interface Scout {
  /** More may turn up: nobody was asked for them yet, or the answer is still out. */
  isOpen(): boolean;
  /** Asks, when it is called for the first time. */
  send(): void;
  /** Its answer is out, and all that are known so far were beaten by others: they are not asked before it is there. */
  isAwaited(): boolean;
}

/** A scout that adds what it finds to `routes`; `back` is called when its answer is there. It sets out at once where a better source is known of than those of `routes`. */
export function createScout(
  file: IndexFile,
  routes: FileRoute[],
  around: Pick<Surroundings, 'more' | 'log' | 'lane'>,
  back: () => void,
): Scout {
  const { more, log } = around;
  let state: 'home' | 'out' | 'back' = more === null ? 'back' : 'home';
  const look = async (ask: NonNullable<Surroundings['more']>): Promise<void> => {
    try {
      const known = new Set(routes.map((route) => route.location.url));
      const refusing = routes.filter(({ left, strikes }) => left || strikes > 0);
      const failed = new Set(refusing.map(({ location }) => location.source));
      const locations = (await ask(file, failed)).filter(({ url }) => !known.has(url));
      routes.push(...createRoutes({ ...file, locations }, around.lane));
    } catch (error) {
      // The places that are known stay; what becomes of the file is decided by them.
      log.debug(`${file.filename}: no more places were found: ${String(error)}`);
    } finally {
      state = 'back';
      back();
    }
  };
  const areBehind = (): boolean => routes.every(({ lane }) => isBehind(lane));
  const send = (): void => {
    if (state === 'home' && more !== null) {
      state = 'out';
      look(more).catch((error: unknown) => log.debug(String(error)));
    }
  };
  if (routes.length > 0 && areBehind()) {
    send();
  }
  return { isOpen: () => state !== 'back', send, isAwaited: () => state === 'out' && areBehind() };
}
