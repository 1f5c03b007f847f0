import { createHash } from 'node:crypto';

/** A file of the mirror: its content or the path of it. */
export interface Entry {
  readonly content: Buffer | string;
  readonly size: number;
  readonly sha256: string;
}

/** What the page says of files, by file name. */
interface PageOptions {
  readonly hashes?: boolean;
  readonly paddle?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly requiresPython?: Readonly<Record<string, string>>;
  readonly yanked?: Readonly<Record<string, string>>;
}

type Files = ReadonlyMap<string, Entry>;

/** Lower-case hex. */
export const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest('hex');

function rows(project: string, files: Files, options: PageOptions) {
  return [...files].map(([filename, file]) => ({
    filename,
    url: `/files/${project}/${encodeURIComponent(filename)}`,
    file,
    hashed: options.hashes ?? !options.paddle,
    python: options.requiresPython?.[filename],
    yanked: options.yanked?.[filename],
    metadata: options.metadata?.[filename],
  }));
}

/** PEP 691 with the fields of PEP 700 where hashes are given. */
export function jsonPage(project: string, files: Files, options: PageOptions): string {
  return JSON.stringify({
    meta: { 'api-version': '1.1' },
    name: project.split('/').at(-1),
    files: rows(project, files, options).map((row) => ({
      filename: row.filename,
      url: row.url,
      hashes: row.hashed ? { sha256: row.file.sha256 } : {},
      ...(row.hashed ? { size: row.file.size, 'upload-time': '2026-01-02T03:04:05.000000Z' } : {}),
      ...(row.python === undefined ? {} : { 'requires-python': row.python }),
      ...(row.yanked === undefined ? {} : { yanked: row.yanked || true }),
      ...(row.metadata === undefined ? {} : { 'core-metadata': { sha256: sha256(row.metadata) } }),
    })),
  });
}

/** PEP 503. */
export function htmlPage(project: string, files: Files, options: PageOptions): string {
  const quote = (text: string) =>
    text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const links = rows(project, files, options).map((row) => {
    const attributes = [
      `href="${row.url}${row.hashed ? `#sha256=${row.file.sha256}` : ''}"`,
      row.python === undefined ? '' : `data-requires-python="${quote(row.python)}"`,
      row.yanked === undefined ? '' : `data-yanked="${quote(row.yanked)}"`,
      row.metadata === undefined ? '' : `data-core-metadata="sha256=${sha256(row.metadata)}"`,
    ];
    return `<a ${attributes.filter((text) => text !== '').join(' ')}>${quote(row.filename)}</a><br/>`;
  });
  return `<!DOCTYPE html><html><head><title>Links for ${project}</title></head><body>${links.join('\n')}</body></html>`;
}
