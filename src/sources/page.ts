import { parseFilename } from '../packaging/filename.js';
import { readRequiresPython } from '../packaging/requires-python.js';
import type { FaultKind } from '../values/source.js';
import { type Link, readHtmlLinks } from './html-links.js';

/** One distribution file as one page lists it. */
export interface PageFile {
  /** Normalised name that the file name belongs to. */
  readonly project: string;
  readonly filename: string;
  /** Absolute http(s) address without credentials and fragment; `file:` for a local folder. */
  readonly url: string;
  /** Lower-case hex, or null: not stated, or stated in another algorithm. */
  readonly sha256: string | null;
  /** Bytes, or null where the page does not tell (PEP 503 pages never do). */
  readonly size: number | null;
  readonly requiresPython: string | null;
  /** Reason, '' for none given; null: not yanked (PEP 592). */
  readonly yanked: string | null;
  /** RFC 3339, or null (PEP 700). */
  readonly uploadTime: string | null;
  /** METADATA stands beside it as a file of its own, with or without a hash (lower-case hex); null: the page does not say so (PEP 658, 714). */
  readonly metadata: { readonly sha256: string | null } | null;
}

/** What a page says, or why it is none. */
export type PageReading =
  /** `dropped`: links that no installer would or should take; those that lead to a folder are none of a file. */
  | { readonly files: readonly PageFile[]; readonly dropped: number }
  | { readonly fault: FaultKind; readonly detail: string };

const sha256Pattern = /^[0-9a-f]{64}$/i;

/** The last part of a path, decoded; null unless it is a plain file name: it becomes one on a disk. */
function plainName(pathname: string): string | null {
  const last = pathname.slice(pathname.lastIndexOf('/') + 1);
  if (/%(?![0-9a-f]{2})/i.test(last) || /%(?:2f|5c|00)/i.test(last)) return null;
  const text = Buffer.from(
    last.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');
  return isPlain(text) ? text : null;
}

function isPlain(filename: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._!+~-]*$/.test(filename) && filename.length <= 255;
}

/** Listings that a web server makes of a folder link to the one above, and to themselves in another order. */
function leadsToFolder(href: string, base: string): boolean {
  return URL.canParse(href, base) && new URL(href, base).pathname.endsWith('/');
}

/** Checks one link; null where it is dropped. `base` is the address that relative links are against, `byTls` says how the page came. */
function readLink(link: Link, base: string, byTls: boolean): PageFile | null {
  if (!URL.canParse(link.href, base)) return null;
  const url = new URL(link.href, base);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return null;
  // As pip: a page that came by TLS cannot send us to an address without it, nor can its `<base href>`.
  if (url.protocol === 'http:' && byTls) return null;
  const filename = link.filename ?? plainName(url.pathname);
  if (filename === null || !isPlain(filename)) return null;
  const parsed = parseFilename(filename);
  if (parsed === null) return null;
  const hash = link.sha256 ?? /(?:^#|&)sha256=([^&]*)/.exec(url.hash)?.[1] ?? '';
  url.hash = '';
  url.username = '';
  url.password = '';
  return {
    project: parsed.name,
    filename,
    url: url.href,
    sha256: sha256Pattern.test(hash) ? hash.toLowerCase() : null,
    size: link.size,
    requiresPython: readRequiresPython(link.requiresPython),
    yanked: link.yanked,
    uploadTime: link.uploadTime,
    metadata: filename.endsWith('.whl') ? readMetadataMark(link.metadata) : null,
  };
}

/** Reads `true` or `<algorithm>=<hash>`; a mark in other words is none. */
function readMetadataMark(mark: string | null): PageFile['metadata'] {
  const match = /^(?:true|(\w+)=(\w+))$/.exec(mark ?? '');
  if (match === null) return null;
  const [, algorithm, hash = ''] = match;
  return { sha256: algorithm === 'sha256' && sha256Pattern.test(hash) ? hash.toLowerCase() : null };
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** The links of a PEP 691 page with the fields of PEP 700; null where it is none. Entries of a wrong shape are null. */
function readJsonLinks(body: string): readonly (Link | null)[] | null {
  let page: unknown;
  try {
    page = JSON.parse(body);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
  if (!isObject(page) || !Array.isArray(page['files'])) return null;
  const { meta } = page;
  // PEP 629: a client must not read a page of another major version.
  if (isObject(meta) && !/^1\./.test(text(meta['api-version']) ?? '1.0')) return null;
  return page['files'].map((file: unknown) => {
    if (!isObject(file)) return null;
    const { url, filename, hashes, size, yanked } = file;
    if (typeof url !== 'string' || typeof filename !== 'string') return null;
    return {
      href: url,
      filename,
      sha256: isObject(hashes) ? text(hashes['sha256']) : null,
      size: typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : null,
      requiresPython: text(file['requires-python']),
      yanked: typeof yanked === 'string' ? yanked : yanked === true ? '' : null,
      uploadTime: text(file['upload-time']),
      metadata: jsonMetadataMark(file['core-metadata'] ?? file['dist-info-metadata']),
    };
  });
}

/** A JSON page says `true` or gives hashes by algorithm (PEP 714): the same in the words of an HTML page. */
function jsonMetadataMark(value: unknown): string | null {
  if (value === true) return 'true';
  if (!isObject(value)) return null;
  const hash = text(value['sha256']);
  return hash === null ? 'true' : `sha256=${hash}`;
}

function isJson(contentType: string, body: string): boolean | null {
  if (/\bjson\b|\+json/i.test(contentType)) return true;
  if (/html/i.test(contentType)) return false;
  const start = body.trimStart().slice(0, 1);
  return start === '{' ? true : start === '<' ? false : null;
}

/**
 * Reads a project page or find-links page: JSON (PEP 691, 700) or HTML (PEP 503, 592), told apart by `contentType` and, where that says
 * nothing, by the first character. `url` is the address that answered. A page that lists nothing is a page; an HTML text that is no
 * index (a login form, a ban) is the fault `html`, other text `malformed`. Never throws on any text.
 */
export function readPage(page: {
  readonly body: string;
  readonly contentType: string;
  readonly url: string;
}): PageReading {
  const { body, contentType, url } = page;
  const json = isJson(contentType, body);
  if (json === null)
    return { fault: 'malformed', detail: `neither JSON nor HTML (content-type ${contentType || 'missing'})` };
  if (body.includes('\0'))
    return { fault: 'malformed', detail: `binary data where a page was asked (content-type ${contentType})` };
  let links: readonly (Link | null)[];
  let base = url;
  const byTls = url.startsWith('https:');
  if (json) {
    const found = readJsonLinks(body);
    if (found === null) return { fault: 'malformed', detail: 'JSON, but no project page of version 1 (PEP 691)' };
    links = found;
  } else {
    const found = readHtmlLinks(body);
    if (found.base !== null && URL.canParse(found.base, url)) base = new URL(found.base, url).href;
    links = found.links.filter(({ href }) => !leadsToFolder(href, base));
    if (!found.index && !links.some((link) => link !== null && readLink(link, base, byTls) !== null)) {
      return { fault: 'html', detail: `a web page and no index: ${found.words || 'without text'}` };
    }
  }
  const read = links.map((link) => link && readLink(link, base, byTls));
  const files = read.filter((file) => file !== null);
  return { files, dropped: links.length - files.length };
}
