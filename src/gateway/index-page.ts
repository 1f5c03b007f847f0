import type { IndexFile, ProjectPage } from '../values/source.js';

/** A project page as it goes out. */
export interface RenderedPage {
  readonly type: string;
  readonly body: string;
}

const JSON_TYPE = 'application/vnd.pypi.simple.v1+json';
const HTML_TYPE = 'application/vnd.pypi.simple.v1+html';

/** Renders a page in the form that `accept` likes best: JSON (PEP 691) or HTML (PEP 503), the only one that pips before 22.2 read. */
export function renderPage(
  page: ProjectPage,
  accept: string | undefined,
  address: (file: IndexFile) => string,
): RenderedPage {
  const type = preferred(accept);
  return { type, body: type === JSON_TYPE ? renderJson(page, address) : renderHtml(page, address) };
}

/** Content negotiation (RFC 9110, section 12.5.1) among the three types; HTML where nothing is asked for. */
function preferred(accept: string | undefined): string {
  let [best, chosen] = [0, 'text/html; charset=utf-8'];
  for (const part of (accept ?? '').split(',')) {
    const [name = '', ...parameters] = part.split(';').map((p) => p.trim().toLowerCase());
    const q = Number(parameters.find((p) => p.startsWith('q='))?.slice(2) ?? 1);
    const known =
      name === JSON_TYPE || name === HTML_TYPE
        ? name
        : name === 'text/html' || name === '*/*'
          ? 'text/html; charset=utf-8'
          : null;
    if (known !== null && q > best) {
      [best, chosen] = [q, known];
    }
  }
  return chosen;
}

function renderJson(page: ProjectPage, address: (file: IndexFile) => string): string {
  const files = page.files.map((file) => ({
    filename: file.filename,
    url: address(file),
    hashes: file.sha256 === null ? {} : { sha256: file.sha256 },
    'requires-python': file.requiresPython,
    yanked: file.yanked === null ? false : file.yanked === '' ? true : file.yanked,
    ...(file.size === null ? {} : { size: file.size }),
    ...(file.uploadTime === null ? {} : { 'upload-time': file.uploadTime }),
    ...(isWheel(file) ? { 'core-metadata': true } : {}),
  }));
  return JSON.stringify({ meta: { 'api-version': '1.0' }, name: page.project, files });
}

/**
 * `data-core-metadata` (PEP 714) alone: pips that know only the older `data-dist-info-metadata` read it in ways of their own, and do
 * without it.
 */
function renderHtml(page: ProjectPage, address: (file: IndexFile) => string): string {
  const links = page.files.map((file) => {
    const href = address(file) + (file.sha256 === null ? '' : `#sha256=${file.sha256}`);
    const python = file.requiresPython === null ? '' : ` data-requires-python="${quote(file.requiresPython)}"`;
    const yanked = file.yanked === null ? '' : ` data-yanked="${quote(file.yanked)}"`;
    const metadata = isWheel(file) ? ' data-core-metadata="true"' : '';
    return `<a href="${quote(href)}"${python}${yanked}${metadata}>${quote(file.filename)}</a><br>`;
  });
  const head = '<meta charset="utf-8"><meta name="pypi:repository-version" content="1.0">';
  return `<!DOCTYPE html>\n<html><head>${head}<title>${quote(page.project)}</title></head><body>\n${links.join('\n')}\n</body></html>\n`;
}

function isWheel(file: IndexFile): boolean {
  return file.filename.endsWith('.whl');
}

function quote(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
