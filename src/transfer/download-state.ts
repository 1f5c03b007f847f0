import type { IndexFile } from '../values/source.js';
import type { Bell } from './bell.js';
import type { DiskFile } from './disk-file.js';
import { weighFirst } from './first-source.js';
import { bootTime, type Identity, readRecord } from './record.js';
import { type FileRoute, isAlive } from './routes.js';
import { createSegments, type Segments } from './segments.js';
import type { Timings } from './timings.js';

/** What is known of a file on its way; changed by its connections and by those who look after it. */
export interface DownloadState {
  readonly file: IndexFile;
  readonly routes: FileRoute[];
  readonly bell: Bell;
  segments: Segments;
  /** Which copy is being fetched; matters only where no hash is known. */
  identity: Identity | null;
  /** False: bytes of an earlier run that no hash vouches for, and whose source was not asked yet whether they are still the file's. Nobody sees them. */
  confirmed: boolean;
  /** A source that is asked first gave trouble, or is slow beside others: all take part now. */
  widened: boolean;
  /** Whose word the length is; null where a page states it, or an earlier run noted it. */
  sizeFrom: FileRoute | null;
  /** The length turned out to be another one: it is forgotten as soon as no connection is open. */
  forgetting: boolean;
  /** Source whose bytes are taken back as soon as no connection is open. */
  recalling: string | null;
  verified: boolean;
  failure: unknown;
}

/** The state of a file of which `onDisk` bytes are in its partial file, `notes` telling which. */
export function readState(
  file: IndexFile,
  routes: FileRoute[],
  bell: Bell,
  timings: Timings,
  notes: readonly unknown[],
  onDisk: number,
): DownloadState {
  const kept = readRecord(notes, file.sha256, onDisk, bootTime());
  const stated = statedSize(file);
  const fresh = freshSegments(file, timings);
  const usable = kept !== null && (stated === null || stated === kept.size);
  const found = usable ? createSegments(kept.size, timings.segmentBytes, timings.wholeBelow, kept.pieces) : fresh;
  // Complete, and no hash to check it by, no request left to ask its source by: fetched again.
  const unchecked = file.sha256 === null && found.missing() === 0;
  // One source told an earlier run how long the file is, and nothing of it is there.
  const hearsay = stated === null && found.sources().length === 0;
  const segments = unchecked || hearsay ? fresh : found;
  const identity = segments.sources().length > 0 ? (kept?.identity ?? null) : null;
  const confirmed = file.sha256 !== null || identity === null;
  return {
    file,
    routes,
    bell,
    segments,
    identity,
    confirmed,
    widened: false,
    sizeFrom: null,
    forgetting: false,
    recalling: null,
    verified: false,
    failure: null,
  };
}

/** A file's book with nothing in it. */
function freshSegments(file: IndexFile, timings: Timings): Segments {
  return createSegments(statedSize(file), timings.segmentBytes, timings.wholeBelow);
}

/** The length as a page has it; null: the first answer tells. */
export function statedSize(file: IndexFile): number | null {
  return file.size ?? file.locations.find((l) => l.size !== null)?.size ?? null;
}

/** Alive routes at other hosts: somebody could take over. */
export function othersThan(route: FileRoute, state: DownloadState): FileRoute[] {
  return state.routes.filter((r) => r.lane !== route.lane && isAlive(r) && !r.suspected);
}

/** Its bytes are wanted: those of the same copy where no hash tells copies apart. It may be busy, or waited for. */
function isWanted(route: FileRoute, { file, identity }: DownloadState): boolean {
  const sameCopy = file.sha256 !== null || identity === null || identity.source === route.location.source;
  return sameCopy && isAlive(route) && !route.suspected;
}

/** Another one that is wanted too sends the bytes that are missing and no others. */
export function isBettered(route: FileRoute, state: DownloadState): boolean {
  return state.routes.some((r) => r !== route && !r.rangeless && isWanted(r, state));
}

/**
 * It may serve this file now: one that ignores ranges only when no better one is left, and once; beside one that is asked first, only after
 * trouble with it or to learn how fast it is. While a file has nothing under way, one of those whose bytes are wanted always may.
 */
export function isUsable(route: FileRoute, state: DownloadState): boolean {
  const { routes } = state;
  // One that ignores ranges and is not at it is asked last: nobody waits for it.
  const isFirst = (r: FileRoute): boolean => r.lane.first && isWanted(r, state) && (!r.rangeless || r.mine > 0);
  const reserved =
    !state.widened &&
    !route.lane.first &&
    routes.some(isFirst) &&
    weighFirst(routes, state.segments.missing()) !== 'try';
  const whole = route.rangeless && (route.mine > 0 || isBettered(route, state));
  return isWanted(route, state) && !reserved && !whole;
}

/** No hash tells copies apart, and every place of the one that was begun is left while others are not: it is not gone on with. */
export function isStranded(state: DownloadState): boolean {
  const { file, identity, routes, segments } = state;
  const others = file.sha256 === null && identity !== null && segments.missing() > 0 && routes.some(isAlive);
  return others && !routes.some((r) => isWanted(r, state));
}

/** Nothing is there, and nothing is known of the file but what its page says. Only while nobody has seen any of it. */
export function startOver(state: DownloadState, disk: DiskFile, timings: Timings): void {
  const segments = freshSegments(state.file, timings);
  Object.assign(state, { segments, identity: null, confirmed: true, sizeFrom: null });
  disk.restart();
}

/** Forgets a length that no page states, and all that came under it. Whoever was left for another length is asked again. Only while nothing is busy. */
export function forgetSize(state: DownloadState, disk: DiskFile, timings: Timings): void {
  startOver(state, disk, timings);
  Object.assign(state, { forgetting: false, recalling: null });
  disk.breakReaders();
  for (const route of state.routes.filter((r) => r.otherSize)) {
    Object.assign(route, { otherSize: false, left: false, strikes: 0 });
  }
  state.bell.ring();
}

/** The bytes of `source` are missing again. */
export function takeBack(source: string, state: DownloadState, disk: DiskFile): void {
  state.segments.recall(source);
  disk.restart();
  state.bell.ring();
}
