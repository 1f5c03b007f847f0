import { type HttpAnswer, type HttpClient, HttpFault } from '../values/http.js';
import { maskUrl } from '../values/mask.js';
import type { FaultKind, Source, SourceFault } from '../values/source.js';
import { fetchPage, type PaddleFolder, type SourcePage } from './fetch-page.js';
import type { PageFile } from './page.js';
import { isFault } from './race.js';

/** What one polite look at a source showed. */
export interface Probe {
  readonly source: Source;
  /** Milliseconds until the header of the page came; null where none came. */
  readonly ms: number | null;
  /** Over at most 1 MiB of a real file; null where the page lists none to try. */
  readonly bytesPerSecond: number | null;
  /** Host that gave the page, after redirects; sources with one host are one. */
  readonly host: string | null;
  readonly fault: SourceFault | null;
}

const sampleBytes = 1024 * 1024;
/** A slow source has shown that it is slow by then. */
const sampleMs = 2000;

/** The file to try: the wanted one, else the largest wheel, which is the least likely to be smaller than the sample. */
function choose(files: readonly PageFile[], wanted: string | null): PageFile | undefined {
  if (wanted !== null) return files.find(({ filename }) => filename === wanted);
  const wheels = files.filter(({ filename, yanked }) => filename.endsWith('.whl') && yanked === null);
  return wheels.reduce<PageFile | undefined>(
    (best, file) => (best === undefined || (file.size ?? 0) >= (best.size ?? 0) ? file : best),
    undefined,
  );
}

/** What is wrong with the answer to a range of a file, or null. */
function refuse(answer: HttpAnswer): { readonly kind: FaultKind; readonly detail: string } | null {
  const type = answer.headers['content-type'] ?? '';
  if (/text\/html/i.test(type))
    return {
      kind: answer.status < 300 ? 'html' : 'banned',
      detail: `status ${answer.status} with a web page where a file was asked`,
    };
  if ([403, 429, 451].includes(answer.status))
    return { kind: 'banned', detail: `status ${answer.status} for a file that its page lists` };
  if (answer.status === 404) return { kind: 'stale', detail: 'its page lists a file that is not there' };
  if (answer.status !== 200 && answer.status !== 206)
    return { kind: 'status', detail: `status ${answer.status} for a file that its page lists` };
  if (answer.status === 206 && !/^bytes 0-\d+\/(?:\d+|\*)$/.test(answer.headers['content-range'] ?? '')) {
    return {
      kind: 'malformed',
      detail: `another range than asked: ${answer.headers['content-range'] ?? 'no content-range'}`,
    };
  }
  return null;
}

/**
 * Takes at most 1 MiB and 2 s of a file. Bytes a second from the first byte of the body on, so that a far but wide source is not taken
 * for a slow one; a fault otherwise. Throws the signal's reason.
 */
async function sample(
  client: HttpClient,
  source: Source,
  file: PageFile,
  signal: AbortSignal,
): Promise<number | SourceFault> {
  const fault = (kind: FaultKind, detail: string, remedy: string | null): SourceFault => ({
    source: source.id,
    url: maskUrl(file.url),
    kind,
    detail,
    remedy,
  });
  const sameOrigin = new URL(file.url).origin === new URL(source.url).origin;
  try {
    const answer = await client.request({
      url: file.url,
      headers: { range: `bytes=0-${sampleBytes - 1}` },
      credentials: sameOrigin ? source.credentials : null,
      connectMs: 3000,
      headersMs: 3000,
      stallMs: 3000,
      signal,
    });
    const wrong = refuse(answer);
    if (wrong !== null) {
      answer.cancel();
      return fault(wrong.kind, wrong.detail, null);
    }
    const started = performance.now();
    let bytes = 0;
    for await (const piece of answer.body) {
      // A wheel is a zip; a page of a firewall that calls itself a file is not.
      if (bytes === 0 && file.filename.endsWith('.whl') && piece[0] !== 0x50) {
        answer.cancel();
        return fault('html', 'the bytes are not those of a wheel', null);
      }
      bytes += piece.length;
      if (bytes >= sampleBytes || performance.now() - started > sampleMs) break;
    }
    return (bytes * 1000) / Math.max(1, performance.now() - started);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof HttpFault) return fault(error.kind, error.message, error.remedy);
    throw error;
  }
}

/** Looks at what a source answered already: the sample is all that is asked. */
export async function probeAnswer(
  client: HttpClient,
  source: Source,
  page: SourcePage | SourceFault,
  wanted: string | null,
  signal: AbortSignal,
): Promise<Probe> {
  if (isFault(page)) return { source, ms: null, bytesPerSecond: null, host: null, fault: page };
  const { ms, host } = page;
  const file = choose(page.files, wanted);
  const seen = { source, ms, host, bytesPerSecond: null, fault: null };
  if (file === undefined) {
    const detail = `does not list ${wanted}`;
    return wanted === null
      ? seen
      : { ...seen, fault: { source: source.id, url: maskUrl(source.url), kind: 'stale', detail, remedy: null } };
  }
  if (file.url.startsWith('file:')) return seen;
  const speed = await sample(client, source, file, signal);
  return isFault(speed) ? { ...seen, fault: speed } : { ...seen, bytesPerSecond: speed };
}

/**
 * Looks at one source as an installer would: the page of a project, then the beginning of the wanted file (null: of the largest wheel).
 * `firstAnswerMs` is the limit for the page's header. Throws the signal's reason only.
 */
export async function probe(
  client: HttpClient,
  question: {
    readonly source: Source;
    readonly project: string;
    readonly folder: PaddleFolder | null;
    readonly wanted: string | null;
    readonly firstAnswerMs: number;
    readonly signal: AbortSignal;
  },
): Promise<Probe> {
  return probeAnswer(client, question.source, await fetchPage(client, question), question.wanted, question.signal);
}
