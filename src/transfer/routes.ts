import { Failure, type Problem } from '../values/failure.js';
import { maskUrl } from '../values/mask.js';
import type { FaultKind, FileLocation, IndexFile, SourceFault } from '../values/source.js';
import type { Lane } from './lanes.js';
import { judge, LONGEST_WAIT_MS, type Refusal } from './refusal.js';
import type { Route } from './scheduler.js';

/** One place where a file can be had, and how it went there. */
export interface FileRoute {
  readonly location: FileLocation;
  readonly lane: Lane;
  /** Refusals in a row without a byte gained. */
  strikes: number;
  /** Time (`performance.now()`, ms) of the latest strike. */
  struckAt: number;
  /** Time of the first of those strikes. */
  failingSince: number;
  notBefore: number;
  left: boolean;
  /** Under suspicion of wrong bytes: not asked until the matter is settled. */
  suspected: boolean;
  /** It answers a range with the whole file. */
  rangeless: boolean;
  /** How often it had another file than before; matters only where no hash is known. */
  changes: number;
  /** It was left for a file of another length than the one that is believed, which no page states. */
  otherSize: boolean;
  /** Connections of this file on it. */
  mine: number;
  /** Its last refusal. */
  refusal: Refusal | null;
}

/** The ways to one file, in the order in which its sources are wished. Those that state another hash than the file's are none. */
export function createRoutes(file: IndexFile, lane: (location: FileLocation) => Lane): FileRoute[] {
  return file.locations
    .filter((l) => l.sha256 === null || file.sha256 === null || l.sha256 === file.sha256)
    .map((location) => ({
      location,
      lane: lane(location),
      strikes: 0,
      struckAt: 0,
      failingSince: 0,
      notBefore: 0,
      left: false,
      suspected: false,
      rangeless: false,
      changes: 0,
      otherSize: false,
      mine: 0,
      refusal: null,
    }));
}

/** It may be asked, now or after a wait. */
export function isAlive(route: FileRoute): boolean {
  return !route.left && !route.lane.left && route.lane.notBefore - performance.now() <= LONGEST_WAIT_MS;
}

/** Time (`performance.now()`, ms) from which it may be asked. */
export function readyAt(route: FileRoute): number {
  return Math.max(route.notBefore, route.lane.notBefore);
}

/** The scheduler's view of a route. */
export function viewRoute(route: FileRoute, usable: boolean, nowMs: number): Route {
  return {
    ready: usable && isAlive(route) && !route.suspected && readyAt(route) <= nowMs,
    active: route.lane.active,
    limit: route.lane.limit,
    rate: route.lane.rate,
    behind: route.lane.behind,
    mine: route.mine,
  };
}

/**
 * Takes a refusal in: the route waits or is left. `gained`: bytes that the file lacked and the connection brought before; `begunMs`: when it
 * was begun. Connections that break together are one strike. Returns whether the route was left.
 */
export function refuse(
  route: FileRoute,
  refusal: Refusal,
  gained: number,
  alone: boolean,
  begunMs: number,
  nowMs: number,
): boolean {
  // A source that stalls is not forgiven for the bytes before the stall: each one holds the installer up.
  const forgiven = gained >= 2 ** 16 && refusal.kind !== 'timeout' && refusal.kind !== 'slow';
  if (forgiven) {
    route.strikes = 0;
  } else if (begunMs >= route.struckAt) {
    route.strikes += 1;
    route.struckAt = nowMs;
    route.failingSince = route.strikes === 1 ? nowMs : route.failingSince;
  }
  route.refusal = refusal;
  // It speaks for its host, but for a store that many write to: that one slows down single files.
  if (refusal.retryAfterMs !== null && !route.lane.first) {
    route.lane.notBefore = Math.max(route.lane.notBefore, nowMs + refusal.retryAfterMs);
  }
  const verdict = judge(refusal, route.strikes, route.lane.first ? 'first' : alone ? 'last' : 'beside', Math.random());
  if (verdict.leave !== null) {
    route.left = true;
    // What is wrong with one file of a store that many write to says nothing of the others.
    route.lane.left ||= verdict.leave === 'run' && !route.lane.first;
    return true;
  }
  const until = nowMs + verdict.waitMs;
  if (verdict.scope === 'host') {
    route.lane.notBefore = Math.max(route.lane.notBefore, until);
  } else {
    route.notBefore = until;
  }
  return false;
}

/** A route's refusal as the report has it. */
export function faultOf(route: FileRoute, refusal: Refusal): SourceFault {
  const { kind, detail, remedy } = refusal;
  return { source: route.location.source, url: maskUrl(route.location.url), kind, detail, remedy };
}

/** Those that sent one and the same file in place of the one expected, independent of each other; none where no two did. */
export function agreeing(routes: readonly FileRoute[]): FileRoute[] {
  const sentBy = (route: FileRoute): FileRoute[] =>
    routes.filter((r) => r.refusal?.sha256 !== undefined && r.refusal.sha256 === route.refusal?.sha256);
  return routes.map(sentBy).find((same) => new Set(same.map(({ lane }) => lane.group)).size > 1) ?? [];
}

/** The Failure of a file that no source could bring: one problem for each of them, and one for all that agree on another hash. */
export function exhausted(file: IndexFile, routes: readonly FileRoute[]): Failure {
  const { filename, sha256, hashOrigin } = file;
  const same = agreeing(routes);
  const problems = routes
    .filter((route) => !same.includes(route))
    .map((route): Problem => {
      const waiting = route.lane.notBefore > performance.now() ? 'its host asked for a pause' : 'it was not asked';
      const left = route.lane.left ? 'its host was given up earlier in this run' : waiting;
      const url = maskUrl(route.location.url);
      const detail = route.refusal?.detail ?? left;
      // Said in `where`; after a redirect it is another one.
      const why = detail.startsWith(`${url}: `) ? detail.slice(url.length + 2) : detail;
      return {
        where: `${route.location.source} (${url})`,
        what: `${filename} could not be had: ${why.replace(/\.$/, '')}.`,
        remedy: route.refusal?.remedy ?? REMEDIES[route.refusal?.kind ?? 'refused'] ?? ANOTHER,
      };
    });
  if (same.length > 0) {
    const names = same.map(({ location }) => location.source).join(' and ');
    problems.unshift({
      where: filename,
      what: `${names} agree on sha256 ${same[0]?.refusal?.sha256}: the one expected, sha256 ${sha256}, is wrong, or that of another file.`,
      remedy: `It is from ${ORIGINS[hashOrigin ?? 'index']}: compare it with what the publisher of the file says, and put it right there.`,
    });
  }
  const none: Problem = { where: filename, what: 'No source has this file.', remedy: ANOTHER };
  return new Failure(1, problems.length === 0 ? [none] : problems);
}

/** Where the hash comes from that a file should have. */
const ORIGINS: Readonly<Record<NonNullable<IndexFile['hashOrigin']>, string>> = {
  lock: 'the lock or the requirements',
  official: 'the official index',
  agreement: 'the pages of several indexes',
  index: 'the page of the index',
  'first-seen': 'an earlier download',
};

const ANOTHER = 'Name another mirror with `mirrors`, or try again later.';

const REMEDIES: Partial<Record<FaultKind, string>> = {
  banned: 'The mirror turns this machine away: wait, or name another mirror with `mirrors`.',
  html: 'Something between here and the mirror answers in its place: check for a login page, or name another mirror with `mirrors`.',
  'wrong-hash': 'The mirror has other bytes than the index: name another mirror with `mirrors`.',
  dns: 'Check the name and the DNS of this machine, or name another mirror with `mirrors`.',
};
