/** One way to a file: a source at its host. */
export interface Route {
  /** Can be asked now: not left, not waiting after a refusal. */
  readonly ready: boolean;
  /** Connections to the host that are open and allowed, over all files. */
  readonly active: number;
  readonly limit: number;
  /** Bytes per second of one connection as seen so far, or null. */
  readonly rate: number | null;
  /** So many times as long as another one took it for the same small request; 1: it was not beaten. */
  readonly behind: number;
  /** Connections that this file has on it. */
  readonly mine: number;
}

/** What one file would do with another connection. */
export interface Want {
  /** Bytes that are missing; Infinity where the length is unknown. */
  readonly missing: number;
  readonly connections: number;
  /** Connections that it may have at most; 0 when there is nothing to give another one to do. */
  readonly most: number;
  /** In the order in which the sources are wished. */
  readonly routes: readonly Route[];
}

/**
 * Chooses who gets the next connection, and to where: files without one first, the smallest of them before the others; then the
 * file with most bytes missing for each connection it has. Connections of a file are spread over its sources in proportion to
 * their speed. One that was not measured is taken to be as fast as the best, but shared with all other files: each one's first connection
 * would go to it, and it may be slow. One that is known to be far slower waits until no other can be asked. Null when nothing can be begun.
 */
export function choose(wants: readonly Want[]): { readonly want: number; readonly route: number } | null {
  const open = wants
    .map((want, index) => ({ want, index, route: bestRoute(want.routes) }))
    .filter((o) => o.route !== null && o.want.connections < o.want.most);
  const waiting = open.filter((o) => o.want.connections === 0).sort((a, b) => a.want.missing - b.want.missing);
  const share = (want: Want): number => want.missing / want.connections;
  const chosen = waiting[0] ?? open.sort((a, b) => share(b.want) - share(a.want))[0];
  return chosen === undefined || chosen.route === null ? null : { want: chosen.index, route: chosen.route };
}

/** What all connections to a host could bring, bytes per second. */
const capacity = ({ rate, limit }: Route): number => (rate ?? 0) * limit;

/** Where another one brings this many times as much, a source is not asked: what it holds would be waited for at the end. */
const FAR_SLOWER = 10;
/** The same for one that was not measured: it was so many times as slow with a small request. */
const FAR_BEHIND = 4;

function bestRoute(routes: readonly Route[]): number | null {
  const best = Math.max(1, ...routes.map((r) => r.rate ?? 0));
  const most = Math.max(...routes.filter((r) => r.ready).map(capacity));
  let chosen: number | null = null;
  // One that brought nothing so far is worth nothing, and still better than nobody.
  let score = -1;
  for (const [index, route] of routes.entries()) {
    const worth = route.rate === null ? best / (route.active + 1) : route.rate / (route.mine + 1);
    const wasted =
      route.rate === null
        ? route.behind >= FAR_BEHIND && routes.some((r) => r.ready && r.behind < FAR_BEHIND)
        : capacity(route) * FAR_SLOWER < most;
    if (route.ready && !wasted && route.active < route.limit && worth > score) {
      chosen = index;
      score = worth;
    }
  }
  return chosen;
}
