import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isName, normalise } from '../packaging/name.js';
import { Failure } from '../values/failure.js';
import type { Gateway, GatewayProblem, StoredFile } from '../values/gateway.js';
import type { Log } from '../values/log.js';
import type { IndexFile, ProjectPage } from '../values/source.js';
import type { Store } from '../values/store.js';
import type { Transfers } from '../values/transfers.js';
import { atTheDoor } from './door.js';
import { renderPage } from './index-page.js';
import { serveFile } from './serve-file.js';
import { createShelf, directFile } from './shelf.js';

/** The loopback index, as the pipeline sees it. */
export interface LoopbackGateway extends Gateway {
  /** Address behind the gateway of a direct link (`name @ https://...`). */
  publishDirect(url: string): string;
  /** Brings the file of a direct link: its hash is for the lock. */
  bringDirect(url: string): Promise<StoredFile>;
  problems(): readonly GatewayProblem[];
}

/**
 * Opens an index on 127.0.0.1 that acts as HTTP proxy for `http://<name>.invalid` alone and wants a random token. `page` gives the merged
 * page of a project, null for one that nobody has.
 */
export async function openGateway(options: {
  readonly name: string;
  readonly page: (project: string) => Promise<ProjectPage | null>;
  readonly transfers: Transfers;
  readonly store: Store;
  readonly log: Log;
  readonly signal: AbortSignal;
}): Promise<LoopbackGateway> {
  const { transfers, store, log } = options;
  const host = `${options.name}.invalid`;
  const origin = `http://${host}`;
  const token = randomBytes(24).toString('hex');
  const shelf = createShelf();
  const problems = new Map<string, GatewayProblem>();
  const broken: string[] = [];
  const count = { pages: 0, files: 0, bytesServed: 0, refused: 0 };
  log.mask(token);

  const servePage = async (project: string, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    count.pages += 1;
    const page = await options.page(project);
    if (page === null || page.files.length === 0) {
      const faults = page?.faults ?? [];
      const nobody =
        page === null || page.answered.length > 0 || faults.some((f) => f.kind === 'missing' || f.kind === 'empty');
      if (nobody) {
        problems.delete(project);
      } else {
        problems.set(project, { item: project, faults, failure: null });
      }
      say(response, nobody ? 404 : 503, nobody ? `no source has ${project}` : `every source failed for ${project}`);
      return;
    }
    problems.delete(project);
    const { type, body } = renderPage(page, request.headers.accept, (file) => origin + shelf.put(file));
    const etag = `"${createHash('sha256').update(type).update(body).digest('hex').slice(0, 32)}"`;
    const headers = { 'cache-control': 'no-cache', etag, vary: 'accept' };
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304, headers).end();
      return;
    }
    response.writeHead(200, { ...headers, 'content-type': type, 'content-length': Buffer.byteLength(body) });
    response.end(request.method === 'HEAD' ? undefined : body);
  };

  const serveMetadata = async (file: IndexFile, response: ServerResponse): Promise<void> => {
    const text = await transfers.metadata(file, options.signal);
    response.writeHead(200, {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': text.length,
      'cache-control': 'no-cache',
    });
    response.end(text);
  };

  const serve = async (path: string, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const project = /^\/simple\/([^/]+)\/?$/.exec(path)?.[1];
    // A name goes into the addresses that the sources are asked at.
    if (project !== undefined && isName(project)) {
      await servePage(normalise(project), request, response);
      return;
    }
    const file = shelf.at(path) ?? shelf.at(path.replace(/\.metadata$/, ''));
    if (file === null) {
      say(response, 404, 'no such file');
    } else if (shelf.at(path) === null) {
      await serveMetadata(file, response);
    } else {
      count.files += 1;
      await serveFile(file, request, response, {
        transfers,
        store,
        served: (bytes) => {
          count.bytesServed += bytes;
        },
        broke: (filename) => broken.push(filename),
      });
    }
    // It could be had after all: what went wrong before explains nothing any more.
    problems.delete(itemOf(path));
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const authorization = request.headers['proxy-authorization'] ?? null;
    const entrance = atTheDoor({ method: request.method ?? '', target: request.url ?? '', authorization }, host, token);
    if ('status' in entrance) {
      count.refused += 1;
      if (entrance.status === 407) {
        response.setHeader('proxy-authenticate', 'Basic realm="paddle-mirror-setup"');
      }
      say(response, entrance.status, 'not for you');
      return;
    }
    try {
      await serve(entrance.path, request, response);
    } catch (error) {
      if (response.destroyed) {
        return;
      }
      const item = itemOf(entrance.path);
      log.debug(`gateway: ${item}: ${String(error)}`);
      problems.set(item, { item, faults: [], failure: error instanceof Failure ? error : unforeseen(item, error) });
      if (response.headersSent) {
        response.destroy();
      } else {
        say(response, entrance.path.startsWith('/simple/') ? 503 : 502, `${item} could not be had`);
      }
    }
  };

  const server = createServer((request, response) => {
    request.resume();
    answer(request, response).catch((error: unknown) => {
      log.debug(`gateway: ${String(error)}`);
      response.destroy();
    });
  });
  server.on('connect', (_request, socket) => {
    count.refused += 1;
    // From here on the socket is nobody else's: its errors would end the process, and a half that stays open the wait of `close`.
    socket.on('error', (error) => log.debug(`gateway: a refused tunnel: ${String(error)}`));
    socket.once('finish', () => socket.destroy());
    socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  });
  // A slow installer is no fault: the deadline of the run is the only limit.
  Object.assign(server, { requestTimeout: 0, keepAliveTimeout: 60_000, timeout: 0 });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;

  return {
    proxyUrl: `http://x:${token}@127.0.0.1:${port}`,
    origin,
    indexUrl: `${origin}/simple/`,
    publish: (file) => origin + shelf.put(file),
    publishDirect: (url) => origin + shelf.putDirect(url),
    bringDirect: (url) => transfers.get(directFile(url)).done,
    problems: () => [...problems.values()],
    stats: () => ({ ...count, bytesFetched: transfers.fetched(), broken: [...broken] }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What a path asks for, as problems name it. */
function itemOf(path: string): string {
  const last = path.replace(/\/$/, '').replace(/^.*\//, '');
  return path.startsWith('/simple/') ? normalise(last) : last;
}

/** A disk that fails, a right that lacks: nothing that a source could be blamed for. */
function unforeseen(item: string, error: unknown): Failure {
  const what = `It could not be served: ${error instanceof Error ? error.message : String(error)}.`;
  const remedy = 'Look at the folder and the disk of the cache; run it again with debugging on to see more.';
  return new Failure(1, [{ where: item, what, remedy }], { cause: error });
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(text) }).end(text);
}
