import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpClient } from '../values/http.js';
import type { Log } from '../values/log.js';
import type { FaultKind, Source, SourceFault } from '../values/source.js';
import type { Turnstile } from '../values/turnstile.js';
import { fetchPage, type PaddleFolder, type SourcePage } from './fetch-page.js';
import { isFault } from './race.js';

/** Limit until the header of a page came: where another source can answer, and where none can. */
export const firstAnswerMs = { oneOfMany: 3000, alone: 20_000 };
/**
 * Limits of the attempts: at a source that stands alone, at several, and at one that others can stand in for. With the waits between them
 * four attempts outlast a server that is started again (6 s).
 */
export const patience = {
  alone: [firstAnswerMs.alone, firstAnswerMs.alone, firstAnswerMs.alone, firstAnswerMs.alone],
  several: [firstAnswerMs.oneOfMany, firstAnswerMs.alone, firstAnswerMs.alone, firstAnswerMs.alone],
  replaceable: [firstAnswerMs.oneOfMany, firstAnswerMs.oneOfMany, firstAnswerMs.oneOfMany],
};
/** Pages asked of one source at a time, also where more connections would be welcome. */
const pagesAtOnce = 8;
/** Faults of a source as a whole, not of one page: it is asked again only when nothing else is left. */
const deadly: readonly FaultKind[] = ['refused', 'dns', 'tls', 'timeout', 'proxy', 'banned', 'html', 'redirect'];

/** Whether a fault says that the source itself cannot be used, whatever is asked of it. */
function isDeadly({ kind }: SourceFault): boolean {
  return deadly.includes(kind);
}

/** Whether a fault only says that the source does not have the project. */
export function isAbsent({ kind }: SourceFault): boolean {
  return kind === 'missing' || kind === 'empty';
}

/** What was found of one project in one kind of index. */
export interface Found {
  readonly pages: readonly SourcePage[];
  readonly faults: readonly SourceFault[];
}

/** How sources of one run share what they learn of each other. */
export interface Shared {
  readonly client: HttpClient;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly dead: Set<string>;
  readonly turnstile: Turnstile;
  readonly pages: Pages;
  /** Ids of the sources that gave a page, in the order in which they first did. */
  readonly used: Set<string>;
  onFault(fault: SourceFault): void;
  /** The order of the Python sources has changed: pages kept before it are from the old first choice. */
  onRanking(): void;
}

/** A page that is being asked for; `aborted`: whoever asked gave up before it was sent, or the run ended. */
type Asked = Promise<SourcePage | SourceFault | 'aborted'>;

/** Pages of a run, by source, folder and project: what was told, or that there is none, and what is being asked for. */
export type Pages = Map<string, Asked>;

/** Rejects with the reason of `signal` as soon as it is aborted, whatever becomes of `work`. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/**
 * The page of one source, asked for once in a run however many want it; a failure may pass, so that who comes later asks again.
 * `isOurs`: nobody else had asked for it, so that a fault is new. `signal` ends the waiting: what was sent is read to its end, since
 * somebody else may want the page, and a source that is asked twice for it bans the sooner.
 */
export async function readOnce(
  shared: Pick<Shared, 'client' | 'pages' | 'turnstile' | 'signal'>,
  source: Source,
  project: string,
  folder: PaddleFolder | null,
  limitMs: number,
  signal: AbortSignal,
): Promise<{ readonly result: SourcePage | SourceFault; readonly isOurs: boolean }> {
  const { client, pages, turnstile } = shared;
  const key = JSON.stringify([source.id, folder, project]);
  for (let known = pages.get(key); known !== undefined; known = pages.get(key)) {
    const result = await unlessAborted(known, signal);
    if (result !== 'aborted') return { result, isOurs: false };
  }
  const asked = turnstile(source.group, Math.min(source.connections, pagesAtOnce), () => {
    signal.throwIfAborted();
    return fetchPage(client, { source, project, folder, firstAnswerMs: limitMs, signal: shared.signal });
  });
  const forget = (): void => {
    pages.delete(key);
  };
  pages.set(
    key,
    asked.then(
      (result) => {
        if (isFault(result) && !isAbsent(result)) forget();
        return result;
      },
      () => {
        forget();
        return 'aborted';
      },
    ),
  );
  return { result: await unlessAborted(asked, signal), isOurs: true };
}

/** Asks one source and notes what that shows of it. */
export async function ask(
  shared: Shared,
  source: Source,
  project: string,
  folder: PaddleFolder | null,
  limitMs: number,
  signal: AbortSignal,
): Promise<SourcePage | SourceFault> {
  const { result, isOurs } = await readOnce(shared, source, project, folder, limitMs, signal);
  if (!isFault(result)) {
    shared.dead.delete(source.id);
    shared.used.add(source.id);
  } else if (isOurs) {
    if (isDeadly(result)) shared.dead.add(source.id);
    shared.onFault(result);
  }
  return result;
}

/** Pages and faults of several answers apart. */
export function sortOut(results: readonly (SourcePage | SourceFault)[]): Found {
  return {
    pages: results.filter((result): result is SourcePage => !isFault(result)),
    faults: results.filter(isFault),
  };
}

/**
 * Tries again while a fault is one that may pass and nothing `isSettled`, with growing jittered waits. `limits`: for each attempt the
 * milliseconds until the header came; a source that was too slow is asked again only with more patience, however dead the others are.
 */
export async function persist(
  limits: readonly number[],
  attempt: (limitMs: number) => Promise<Found>,
  signal: AbortSignal,
  isSettled: (faults: readonly SourceFault[]) => boolean = () => false,
): Promise<Found> {
  let found: Found = { pages: [], faults: [] };
  for (const [index, limitMs] of limits.entries()) {
    found = await attempt(limitMs);
    const next = limits[index + 1];
    const mayPass = ({ kind, detail }: SourceFault) =>
      kind === 'reset' ||
      // No name server answered: that of a busy network drops some of what it is asked.
      (kind === 'dns' && detail.includes('EAI_AGAIN')) ||
      (kind === 'status' && /^status 5/.test(detail)) ||
      (kind === 'timeout' && (next ?? 0) > limitMs);
    const { pages, faults } = found;
    if (next === undefined || pages.length > 0 || !faults.some(mayPass) || isSettled(faults)) break;
    await sleep(300 * 4 ** index * (0.75 + Math.random() / 2), undefined, { signal }).catch(() =>
      signal.throwIfAborted(),
    );
  }
  return found;
}
