import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseFilename } from '../../src/packaging/filename.js';
import { normalise } from '../../src/packaging/name.js';
import type { Gateway, StoredFile } from '../../src/values/gateway.js';
import type { IndexFile, ProjectPage, SourceFault } from '../../src/values/source.js';

/** A proxy for one invented index over files in memory: as much of the gateway as an installer meets. */
export interface Loopback extends Gateway {
  readonly requests: string[];
  publishDirect(url: string): string;
  problems(): readonly { readonly item: string; readonly faults: readonly SourceFault[]; readonly failure: null }[];
  page(project: string): Promise<ProjectPage>;
  fetch(file: IndexFile): Promise<StoredFile>;
  fetchLink(url: string): Promise<StoredFile>;
}

interface Options {
  readonly name: string;
  /** File name → content. */
  readonly files: Readonly<Record<string, Buffer>>;
  /** Public address of a direct link → file name. */
  readonly links?: Readonly<Record<string, string>>;
  /** Pages without hashes. */
  readonly hashless?: boolean;
  /** The first download of this file gets a wrong byte. */
  readonly brokenOnce?: string;
  /** Projects whose sources all fail. */
  readonly down?: readonly string[];
}

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

export async function openLoopback(options: Options): Promise<Loopback> {
  const folder = await mkdtemp(path.join(tmpdir(), 'loopback-'));
  const requests: string[] = [];
  const broken: string[] = [];
  const problems: { item: string; faults: SourceFault[]; failure: null }[] = [];
  const origin = `http://${options.name}.invalid`;
  const token = Buffer.from('x:secret-token').toString('base64');
  const published = new Map<string, string>();

  const pageOf = (project: string): ProjectPage => {
    const names = Object.keys(options.files).filter((name) => parseFilename(name)?.name === normalise(project));
    const files = names.map((filename): IndexFile => {
      const content = options.files[filename] ?? Buffer.alloc(0);
      const hash = options.hashless ? null : sha256(content);
      const location = {
        source: 'loopback',
        url: `http://mirror.example/${filename}`,
        sha256: hash,
        size: content.length,
      };
      return {
        filename,
        sha256: hash,
        hashOrigin: hash === null ? null : 'index',
        size: content.length,
        requiresPython: null,
        yanked: null,
        uploadTime: null,
        locations: [location],
      };
    });
    return { project, files, answered: ['loopback'], faults: [] };
  };
  const storedFile = async (filename: string): Promise<StoredFile> => {
    const content = options.files[filename];
    if (content === undefined) throw new Error(`no ${filename}`);
    const file = path.join(folder, filename);
    await writeFile(file, content);
    return { path: file, sha256: sha256(content), size: content.length };
  };

  function sendPage(project: string, request: IncomingMessage, response: ServerResponse): void {
    if (options.down?.includes(project)) {
      const url = `http://mirror.example/simple/${project}/`;
      problems.push({
        item: project,
        failure: null,
        faults: [{ source: 'loopback', url, kind: 'refused', detail: 'refused', remedy: null }],
      });
      response.writeHead(503).end();
      return;
    }
    const { files } = pageOf(project);
    const address = (file: IndexFile): string => `/files/${file.sha256 ?? '-'}/${file.filename}`;
    if (files.length === 0) response.writeHead(404).end();
    else if (request.headers.accept?.includes('json')) {
      const entries = files.map((file) => ({
        filename: file.filename,
        url: address(file),
        hashes: file.sha256 === null ? {} : { sha256: file.sha256 },
      }));
      response.writeHead(200, { 'content-type': 'application/vnd.pypi.simple.v1+json', 'cache-control': 'no-cache' });
      response.end(JSON.stringify({ meta: { 'api-version': '1.0' }, name: project, files: entries }));
    } else {
      const links = files.map((file) => `<a href="${address(file)}#sha256=${file.sha256}">${file.filename}</a>`);
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end(`<!DOCTYPE html><html><body>${links.join('')}</body></html>`);
    }
  }

  function sendFile(filename: string, request: IncomingMessage, response: ServerResponse): void {
    const content = options.files[filename];
    if (content === undefined) {
      response.writeHead(404).end();
      return;
    }
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const start = Number(from ?? 0);
    const end = to ? Number(to) + 1 : content.length;
    const range = from === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${content.length}` };
    const headers = { 'content-length': end - start, 'accept-ranges': 'bytes', ...range };
    response.writeHead(from === undefined ? 200 : 206, headers);
    if (request.method === 'HEAD') response.end();
    else if (filename === options.brokenOnce && from === undefined && !broken.includes(filename)) {
      broken.push(filename);
      const wrong = Buffer.from(content);
      wrong[40] = (wrong[40] ?? 0) ^ 0xff;
      response.end(wrong);
    } else response.end(content.subarray(start, end));
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', origin);
    requests.push(`${request.method} ${url.pathname}`);
    if (request.headers['proxy-authorization'] !== `Basic ${token}`) {
      response.writeHead(407, { 'proxy-authenticate': 'Basic realm="x"' }).end();
      return;
    }
    const parts = url.pathname.split('/').filter((part) => part !== '');
    if (url.origin !== origin) response.writeHead(403).end();
    else if (parts[0] === 'simple') sendPage(parts[1] ?? '', request, response);
    else sendFile(published.get(url.pathname) ?? decodeURIComponent(parts.at(-1) ?? ''), request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    proxyUrl: `http://x:secret-token@127.0.0.1:${(server.address() as AddressInfo).port}`,
    origin,
    indexUrl: `${origin}/simple/`,
    requests,
    publish: (file) => `${origin}/files/${file.sha256}/${file.filename}`,
    publishDirect(link) {
      const filename = options.links?.[link] ?? '';
      const address = `/direct/${published.size}/${new URL(link).pathname.split('/').at(-1)}`;
      published.set(address, filename);
      return `${origin}${address}`;
    },
    stats: () => ({ pages: 0, files: 0, bytesServed: 0, bytesFetched: {}, broken, refused: 0 }),
    problems: () => problems,
    page: (project) => Promise.resolve(pageOf(project)),
    fetch: (file) => storedFile(file.filename),
    fetchLink: (link) => storedFile(options.links?.[link] ?? ''),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
