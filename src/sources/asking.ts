import type { HttpClient } from '../values/http.js';
import type { Log } from '../values/log.js';
import type { FaultKind, Source, SourceFault } from '../values/source.js';
import type { Turnstile } from '../values/turnstile.js';
import { fetchPage, type PaddleFolder, type PageQuestion, type SourcePage } from './fetch-page.js';
import { isFault } from './race.js';

/** Limit until the header of a page came: where another source can answer, and where none can. */
export const firstAnswerMs = { oneOfMany: 3000, alone: 20_000 };
/** So long (ms) a page is read on that nobody waits for any more: what is nearly here serves whoever wants it next. */
const abandonedMs = 1000;
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
  /** Ids of sources whose last page had not come when it was given up. */
  readonly late: Set<string>;
  readonly turnstile: Turnstile;
  readonly pages: Pages;
  /** Ids of the sources that gave a page, in the order in which they first did. */
  readonly used: Set<string>;
  onFault(fault: SourceFault): void;
  /** The order of the Python sources has changed: pages kept before it are from the old first choice. */
  onRanking(): void;
}

/** `aborted`: given up, since nobody waited for it any more or the run ended. */
type Answer = SourcePage | SourceFault | 'aborted';

/** A page that is being asked for, or was told. */
interface Asked {
  readonly answer: Promise<Answer>;
  readonly audience: Audience;
}

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

/** Those who wait for one page. */
interface Audience {
  isEmpty(): boolean;
  /** Aborted when nobody has waited for a while. */
  readonly signal: AbortSignal;
  /** Rejects with the reason of `signal`, which ends this waiting alone. */
  wait<T>(work: Promise<T>, signal: AbortSignal): Promise<T>;
}

function createAudience(): Audience {
  const over = new AbortController();
  let waiting = 0;
  let timer: NodeJS.Timeout | undefined;
  return {
    isEmpty: () => waiting === 0,
    signal: over.signal,
    async wait(work, signal) {
      waiting += 1;
      clearTimeout(timer);
      try {
        return await unlessAborted(work, signal);
      } finally {
        waiting -= 1;
        if (waiting === 0) timer = setTimeout(() => over.abort(), abandonedMs).unref();
      }
    },
  };
}

/** Notes what an answer shows of its source. */
function note({ dead, late, onFault }: Shared, source: Source, result: SourcePage | SourceFault): void {
  late.delete(source.id);
  if (!isFault(result)) {
    dead.delete(source.id);
  } else {
    if (isDeadly(result)) dead.add(source.id);
    onFault(result);
  }
}

/** Asks for a page when its source has a place free; it is kept unless it may come another time. */
async function fetchInTurn(
  shared: Shared,
  key: string,
  question: Omit<PageQuestion, 'signal'>,
  audience: Audience,
): Promise<Answer> {
  const { client, pages, turnstile } = shared;
  const { source } = question;
  const signal = AbortSignal.any([shared.signal, audience.signal]);
  let isKept = false;
  // Whoever asks waits from then on.
  await Promise.resolve();
  try {
    const answer = await turnstile<Answer>(source.group, Math.min(source.connections, pagesAtOnce), async () =>
      audience.isEmpty() ? 'aborted' : fetchPage(client, { ...question, signal }),
    );
    if (answer !== 'aborted') {
      isKept = !isFault(answer) || isAbsent(answer);
      // Here, since whoever asked may not wait any more.
      note(shared, source, answer);
    }
    return answer;
  } catch (error) {
    if (!signal.aborted) throw error;
    shared.late.add(source.id);
    return 'aborted';
  } finally {
    if (!isKept) pages.delete(key);
  }
}

/**
 * The page of one source, asked for once in a run however many want it; a failure may pass, so that who comes later asks again.
 * `signal` ends the waiting: what was sent is read on for a while, since somebody else may want the page, and a source that is asked twice
 * for it bans the sooner; but it does not keep the source's connection from other pages.
 */
export async function readOnce(
  shared: Shared,
  source: Source,
  project: string,
  folder: PaddleFolder | null,
  limitMs: number,
  signal: AbortSignal,
): Promise<SourcePage | SourceFault> {
  const { pages } = shared;
  const key = JSON.stringify([source.id, folder, project]);
  for (;;) {
    let asked = pages.get(key);
    if (asked === undefined) {
      const audience = createAudience();
      const question = { source, project, folder, firstAnswerMs: limitMs };
      asked = { answer: fetchInTurn(shared, key, question, audience), audience };
      pages.set(key, asked);
    }
    const answer = await asked.audience.wait(asked.answer, signal);
    if (answer !== 'aborted') return answer;
  }
}

/** Asks one source for a page that is used. */
export async function ask(
  shared: Shared,
  source: Source,
  project: string,
  folder: PaddleFolder | null,
  limitMs: number,
  signal: AbortSignal,
): Promise<SourcePage | SourceFault> {
  const result = await readOnce(shared, source, project, folder, limitMs, signal);
  if (!isFault(result)) shared.used.add(source.id);
  return result;
}

/** Pages and faults of several answers apart. */
export function sortOut(results: readonly (SourcePage | SourceFault)[]): Found {
  return {
    pages: results.filter((result): result is SourcePage => !isFault(result)),
    faults: results.filter(isFault),
  };
}
