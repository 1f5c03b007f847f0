import type { Credentials } from '../values/credentials.js';
import type { FileLocation, Source } from '../values/source.js';

/** What a run knows about one host: all files share it. */
export interface Lane {
  readonly host: string;
  /** Sources of one group are one: what they say is said once. */
  readonly group: string;
  readonly limit: number;
  /** It is asked alone, until it gives trouble: others would bring bytes that it need not cost anybody. */
  readonly first: boolean;
  /** Connections to it and to the other hosts of its group. */
  active: number;
  /** Time (`performance.now()`, ms) before which it is not asked. */
  notBefore: number;
  /** It is not asked again in this run. */
  left: boolean;
  /** Bytes per second of one connection; null before the first measurement. */
  rate: number | null;
  /** So many times as long as another one took it for the same small request; 1: it was not beaten. */
  behind: number;
}

/** What the transfers need to know of a source: its address, connections to one host at a time, credentials, group. */
export type SourceTerms = Pick<Source, 'url' | 'connections' | 'credentials' | 'group'> & {
  /** Asked alone, until it gives trouble. */
  readonly first?: boolean;
};

/** Connections to a host whose source is in no list: a direct link, a folder. */
const UNLISTED_CONNECTIONS = 16;

/** The hosts of a run. A limit holds for a host, whichever source names it, and for the hosts of one group together. */
export function openLanes(sources: (id: string) => SourceTerms | undefined): {
  lane(location: FileLocation): Lane;
  credentials(location: FileLocation): Credentials | null;
} {
  const lanes = new Map<string, Lane>();
  const activeOf = new Map<string, number>();
  return {
    lane: (location) => {
      const { protocol, host } = new URL(location.url);
      const key = `${protocol}//${host}`;
      const known = lanes.get(key);
      if (known !== undefined) {
        return known;
      }
      const terms = sources(location.source);
      const limit = Math.max(1, terms?.connections ?? UNLISTED_CONNECTIONS);
      const group = terms?.group ?? key;
      const lane: Lane = {
        host: key,
        group,
        limit,
        first: terms?.first ?? false,
        get active() {
          return activeOf.get(group) ?? 0;
        },
        set active(count) {
          activeOf.set(group, count);
        },
        notBefore: 0,
        left: false,
        rate: null,
        behind: 1,
      };
      lanes.set(key, lane);
      return lane;
    },
    // A page may name files of any host: the index's password is for the index's own origin.
    credentials: (location) => {
      const source = sources(location.source);
      const same =
        source !== undefined && URL.canParse(source.url) && new URL(source.url).origin === new URL(location.url).origin;
      return same ? source.credentials : null;
    },
  };
}

/**
 * Takes one measurement into a lane's rate: `bytes` over one connection in `ms`. Few bytes in a short time say nothing, unless it was `givenUp`
 * for them. Nor does the silence of one that is asked alone: it is trouble, which is waited for, and beside a rate of 0 anybody would be fast.
 */
export function measure(lane: Lane, bytes: number, ms: number, givenUp: boolean): void {
  if (!givenUp && ((bytes < 2 ** 18 && ms < 1000) || (bytes === 0 && lane.first))) {
    return;
  }
  const seen = (bytes * 1000) / Math.max(1, ms);
  lane.rate = lane.rate === null ? seen : lane.rate * 0.6 + seen * 0.4;
}

/** What a request had brought when another source had answered the same one. */
interface Beaten {
  readonly lane: Lane;
  readonly ms: number;
  readonly received: number;
}

/** One that was beaten by so many times is asked after the others. */
const BEHIND = 2;

/** Takes in that `winner` answered with `bytes` in `ms` where others, begun before it, were still at it. Those begun later are not judged. */
export function compare(winner: Lane, ms: number, bytes: number, beaten: readonly Beaten[]): void {
  winner.behind = 1;
  for (const { lane, ms: took, received } of beaten) {
    if (took >= ms) {
      // Of one that has said nothing yet it is only known that its time is not up.
      const whole = received === 0 ? took * BEHIND : (took * bytes) / received;
      lane.behind = whole / Math.max(1, ms);
    }
  }
}

/** Another one is asked before it for a small part of a file. */
export function isBehind(lane: Lane): boolean {
  return lane.behind >= BEHIND;
}
