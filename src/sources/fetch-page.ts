import { readdir, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readRetryAfter } from '../net/retry-after.js';
import { startTimeLimit, type TimeLimit } from '../net/time-limit.js';
import { parseFilename } from '../packaging/filename.js';
import { type HttpAnswer, type HttpClient, HttpFault } from '../values/http.js';
import { maskUrl } from '../values/mask.js';
import type { FaultKind, Source, SourceFault } from '../values/source.js';
import { errorCode } from '../values/system-error.js';
import { type PageFile, readPage } from './page.js';

/** One folder of PaddlePaddle's index. */
export interface PaddleFolder {
  readonly channel: 'stable' | 'nightly';
  /** `cpu`, `cu126`, ... */
  readonly folder: string;
}

/** What one source lists of one project. */
export interface SourcePage {
  readonly source: Source;
  readonly files: readonly PageFile[];
  /** Links left out: hostile, malformed, or another project's. */
  readonly dropped: number;
  /** Host that answered, after redirects: two sources with one final host are one. '' for a folder. */
  readonly host: string;
  /** Milliseconds until the header came. */
  readonly ms: number;
}

/** What is asked of a source. */
export interface PageQuestion {
  readonly source: Source;
  /** Normalised name. */
  readonly project: string;
  /** For a `paddle` source; null for every other kind. */
  readonly folder: PaddleFolder | null;
  /** Limit until the header came, and between two pieces of the page, milliseconds. */
  readonly firstAnswerMs: number;
  readonly signal: AbortSignal;
}

const pageLimit = 64 * 1024 * 1024;
/** The order and weights that installers send: JSON where there is a choice (PEP 691). */
const accept = 'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01';
/** Words of pages by which mirrors and firewalls turn a client away. */
const banWords =
  /检测到您|封禁|禁止访问|访问被|拦截|\b(?:banned|blocked|access denied|forbidden|captcha|too many requests|rate limit)/i;

/** The address of a project's page; a find-links source is its own page. */
function pageAddress(source: Source, project: string, folder: PaddleFolder | null): string {
  if (source.kind === 'find-links') return source.url;
  const base = source.url.endsWith('/') ? source.url : `${source.url}/`;
  return folder === null ? `${base}${project}/` : `${base}${folder.channel}/${folder.folder}/${project}/`;
}

/** The whole page may take so many times the limit of its first answer: a trickle never stalls. */
const wholePage = 10;

const unfitLinks =
  'Its links have to end in file names of wheels or sdists of that project, and to be https where its pages are: behind a TLS proxy the index has to know its outside address.';

function firstWords(body: string): string {
  return (
    body
      .replace(/<(script|style)[\s\S]*?<\/\1>/gi, ' ')
      .replace(/<[^>]*>/g, ' ')
      // Control characters would speak to the terminal.
      .replace(/[\s\p{C}\uFFFD]+/gu, ' ')
      .trim()
      .slice(0, 120)
  );
}

/** What a status other than 200 means; a body is read for its first words only. */
async function readRefusal(answer: HttpAnswer, source: Source): Promise<Omit<SourceFault, 'source' | 'url'>> {
  const { status } = answer;
  if (status === 404 || status === 410) {
    answer.cancel();
    return { kind: 'missing', detail: `status ${status}`, remedy: null };
  }
  const words = await answer.text(65_536).then(firstWords, (error: Error) => error.message);
  const detail = `status ${status}${words === '' ? '' : `: ${words}`}`;
  const after = answer.headers['retry-after'];
  const retryAfterMs = readRetryAfter(after, Date.now());
  const pause = retryAfterMs === null ? {} : { retryAfterMs };
  const isPrivate = source.kind === 'private' || source.credentials !== null;
  if (status === 401 || (status === 403 && isPrivate)) {
    const what = 'user name and password (or a token)';
    const remedy =
      source.credentials === null
        ? `Write ${what} into the address of this index.`
        : `It does not take the ${what} that it was given: they may be wrong or have expired.`;
    return { kind: 'status', detail, remedy };
  }
  if ([403, 405, 429, 451].includes(status) || banWords.test(words)) {
    const wait = after === undefined ? '' : ` It asks to wait: Retry-After ${after}.`;
    return {
      kind: 'banned',
      detail: `${detail}${wait}`,
      remedy: 'It turns this machine or network away: name another source in `mirrors`.',
      ...pause,
    };
  }
  return { kind: 'status', detail, remedy: null, ...pause };
}

async function readFolder({ source }: PageQuestion): Promise<SourcePage> {
  const started = performance.now();
  const files = (await readdir(source.url)).map(async (filename): Promise<PageFile | null> => {
    const project = parseFilename(filename)?.name;
    if (project === undefined) return null;
    const path = join(source.url, filename);
    // A link that leads nowhere or to itself, or a file that is closed to us, is no fault of the files beside it.
    const found = await stat(path).catch((error: unknown) => {
      if (errorCode(error) === null) throw error;
      return null;
    });
    if (found?.isFile() !== true) return null;
    // Hashing gigabytes to list them would be waste: whoever takes the file hashes it.
    const unknown = { sha256: null, requiresPython: null, yanked: null, uploadTime: null, metadata: null };
    return { ...unknown, project, filename, url: pathToFileURL(path).href, size: found.size };
  });
  const read = (await Promise.all(files)).filter((file) => file !== null);
  return { source, files: read, dropped: files.length - read.length, host: '', ms: performance.now() - started };
}

/**
 * Asks one source for the page of one project. Every way in which it may fail is a fault and not an exception; only the abort of
 * `signal` throws, with its reason. A find-links source gives the files of every project on its one page or in its folder.
 */
export async function fetchPage(client: HttpClient, question: PageQuestion): Promise<SourcePage | SourceFault> {
  const { source, project, folder, firstAnswerMs, signal } = question;
  const url = pageAddress(source, project, folder);
  const fault = (kind: FaultKind, detail: string, remedy: string | null): SourceFault => ({
    source: source.id,
    url: maskUrl(url),
    kind,
    detail,
    remedy,
  });
  if (isAbsolute(source.url)) {
    return readFolder(question).catch((error: NodeJS.ErrnoException) => {
      const gone = error.code === 'ENOENT' || error.code === 'ENOTDIR';
      return fault(
        gone ? 'missing' : 'refused',
        error.message,
        `Correct the find-links folder that ${source.origin} names.`,
      );
    });
  }
  const started = performance.now();
  const late = new AbortController();
  let limit: TimeLimit | null = null;
  try {
    const answer = await client.request({
      url,
      headers: { accept, 'accept-encoding': 'gzip, br', 'cache-control': 'max-age=0' },
      credentials: source.credentials,
      answerMs: firstAnswerMs,
      stallMs: firstAnswerMs,
      signal: AbortSignal.any([signal, late.signal]),
    });
    const wholeMs = firstAnswerMs * wholePage;
    const over = () => late.abort(new HttpFault('timeout', `no whole page within ${wholeMs / 1000} s`, null));
    limit = startTimeLimit(wholeMs, over);
    const ms = performance.now() - started;
    if (answer.status !== 200) return { source: source.id, url: maskUrl(url), ...(await readRefusal(answer, source)) };
    const body = await answer.text(pageLimit);
    const reading = readPage({ body, contentType: answer.headers['content-type'] ?? '', url: answer.url });
    if ('fault' in reading) {
      const banned = reading.fault === 'html' && banWords.test(body.slice(0, 20_000));
      return fault(
        banned ? 'banned' : reading.fault,
        reading.detail,
        banned ? 'It turns this machine or network away: name another source in `mirrors`.' : null,
      );
    }
    // One find-links page holds many projects by its nature; elsewhere a stranger's file is a wrong link.
    const files =
      source.kind === 'find-links' ? reading.files : reading.files.filter((file) => file.project === project);
    const dropped = reading.dropped + reading.files.length - files.length;
    // It has the project, and what it has is of no use: taken for empty, a private index would give way to a public one.
    if (files.length === 0 && dropped > 0)
      return fault('malformed', `no link of the page could be taken (${dropped} left out)`, unfitLinks);
    if (files.length === 0) return fault('empty', 'the page lists no file', null);
    return { source, files, dropped, host: new URL(answer.url).host, ms };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof HttpFault) return fault(error.kind, error.message, error.remedy);
    throw error;
  } finally {
    limit?.clear();
  }
}
