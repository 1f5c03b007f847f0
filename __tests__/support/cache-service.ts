import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the service does instead of answering well. */
type CacheFault =
  /** The request is read and never answered. */
  | 'silent'
  | { readonly status: number }
  /** A page of a captive portal, with status 200. */
  | 'html'
  /** The blob ends early: the connection breaks, or the shorter length is announced as if it were right. */
  | 'broken-off'
  | 'shorter';

/** A request as faults see it: a method of the service, or a blob. */
type CacheCall = 'CreateCacheEntry' | 'FinalizeCacheEntryUpload' | 'GetCacheEntryDownloadURL' | 'put' | 'get';

/** A saved archive. */
interface CacheEntry {
  readonly key: string;
  /** Digest of paths and compression: @actions/cache computes it. */
  readonly version: string;
  readonly blob: string;
  finished: boolean;
}

/** A loopback cache service. */
export interface CacheService {
  /** Environment under which @actions/cache talks to it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly calls: readonly CacheCall[];
  /** Keys of the entries that are whole, oldest first. */
  keys(): string[];
  /** Breaks the connections that stand. */
  hangUp(): void;
  close(): Promise<void>;
}

/** Bytes that leave at a time where the rate is limited. */
const PIECE = 2 ** 20;

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}

function field(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null ? new Map(Object.entries(body)).get(name) : undefined;
}

/** How the service behaves. */
interface CacheOptions {
  /** 2: GitHub's own, three JSON methods, and blobs as Azure stores them (one `PUT`, or blocks and their list). 1: GitHub Enterprise Server's, and act's. */
  readonly version?: 1 | 2;
  /** Of a blob that is downloaded. */
  readonly bytesPerSecond?: number;
}

/** What a request of protocol version 1 asks for, in the words of version 2. */
function readV1(method: string, pathname: string): { readonly call: CacheCall; readonly id: string } | null {
  const [, resource, id = ''] = /^\/_apis\/artifactcache\/(caches?)(?:\/(\d+))?$/.exec(pathname) ?? [];
  if (resource === 'cache') return { call: 'GetCacheEntryDownloadURL', id };
  if (resource !== 'caches') return null;
  if (method === 'PATCH') return { call: 'put', id };
  return { call: id === '' ? 'CreateCacheEntry' : 'FinalizeCacheEntryUpload', id };
}

/**
 * Starts the service that @actions/cache 6 speaks to. In version 2 `key` must match whole and only restore keys match by their beginning;
 * in version 1 every key does. The newest entry comes first.
 */
export async function startCacheService(
  fault: (call: CacheCall) => CacheFault | null = () => null,
  options: CacheOptions = {},
): Promise<CacheService> {
  const entries: CacheEntry[] = [];
  const blobs = new Map<string, Buffer>();
  const calls: CacheCall[] = [];
  const sockets = new Set<Socket>();
  let url = '';

  const methods: Readonly<Record<string, (body: unknown) => unknown>> = {
    CreateCacheEntry(body) {
      const [key, version] = [String(field(body, 'key')), String(field(body, 'version'))];
      if (entries.some((entry) => entry.key === key && entry.version === version))
        return { ok: false, message: 'the entry exists' };
      const blob = `/account/cache/${randomUUID()}`;
      entries.push({ key, version, blob, finished: false });
      return { ok: true, signed_upload_url: `${url}${blob}?sig=secret` };
    },
    FinalizeCacheEntryUpload(body) {
      const index = entries.findIndex(
        (entry) => entry.key === field(body, 'key') && entry.version === field(body, 'version'),
      );
      const entry = entries[index];
      const whole = entry !== undefined && String(blobs.get(entry.blob)?.length) === String(field(body, 'size_bytes'));
      if (whole) entry.finished = true;
      return whole ? { ok: true, entry_id: String(index + 1) } : { ok: false, message: 'the size is another one' };
    },
    GetCacheEntryDownloadURL(body) {
      const key = field(body, 'key');
      const prefixes = field(body, 'restore_keys');
      const here = entries.filter((entry) => entry.finished && entry.version === field(body, 'version')).reverse();
      const found =
        here.find((entry) => entry.key === key) ??
        (Array.isArray(prefixes) ? prefixes : [])
          .map((prefix) => here.find((entry) => entry.key.startsWith(String(prefix))))
          .find(Boolean);
      return found === undefined
        ? { ok: false }
        : { ok: true, matched_key: found.key, signed_download_url: `${url}${found.blob}?sig=secret` };
    },
  };

  /** Version 1 numbers its entries from 1, uploads by ranges and answers with other status codes; the rest is the same. */
  async function answerV1(
    call: CacheCall,
    id: string,
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const body = await readBody(request);
    const json = (status: number, value: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    const entry = entries[Number(id) - 1];
    if (call === 'GetCacheEntryDownloadURL') {
      const keys = (query.get('keys') ?? '').split(',');
      const found = methods[call]?.({ key: keys[0], restore_keys: keys, version: query.get('version') });
      const { matched_key, signed_download_url } = found as Record<string, string | undefined>;
      if (signed_download_url === undefined) response.writeHead(204).end();
      else json(200, { cacheKey: matched_key, archiveLocation: signed_download_url });
    } else if (call === 'CreateCacheEntry') {
      const made = methods[call]?.(JSON.parse(body.toString()));
      if (field(made, 'ok') === true) json(201, { cacheId: entries.length });
      else json(409, { message: 'the entry exists' });
    } else if (entry === undefined) {
      json(404, {});
    } else if (call === 'put') {
      const from = Number(/^bytes (\d+)-/.exec(request.headers['content-range'] ?? '')?.[1] ?? 0);
      const before = blobs.get(entry.blob) ?? Buffer.alloc(0);
      const whole = Buffer.alloc(Math.max(before.length, from + body.length));
      before.copy(whole);
      body.copy(whole, from);
      blobs.set(entry.blob, whole);
      response.writeHead(204).end();
    } else {
      entry.finished = blobs.get(entry.blob)?.length === field(JSON.parse(body.toString()), 'size');
      response.writeHead(entry.finished ? 204 : 400).end();
    }
  }

  async function put(
    path: string,
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const body = await readBody(request);
    if (query.get('comp') === 'block') blobs.set(`${path}#${query.get('blockid')}`, body);
    else if (query.get('comp') === 'blocklist') {
      const ids = [...body.toString().matchAll(/<Latest>([^<]+)<\/Latest>/g)].map(([, id]) => id);
      blobs.set(path, Buffer.concat(ids.map((id) => blobs.get(`${path}#${id}`) ?? Buffer.alloc(0))));
    } else blobs.set(path, body);
    response
      .writeHead(201, { etag: '"1"', 'last-modified': new Date(0).toUTCString(), 'x-ms-request-id': randomUUID() })
      .end();
  }

  async function get(
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
    kind: CacheFault | null,
  ): Promise<void> {
    const blob = blobs.get(path);
    if (blob === undefined) {
      response.writeHead(404).end();
      return;
    }
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const end = Math.min(blob.length, to === undefined ? blob.length : Number(to) + 1);
    const part = blob.subarray(Number(from ?? 0), end);
    const sent = kind === 'broken-off' || kind === 'shorter' ? part.subarray(0, part.length >> 1) : part;
    response.writeHead(from === undefined ? 200 : 206, {
      'content-length': kind === 'shorter' ? sent.length : part.length,
      ...(from === undefined ? {} : { 'content-range': `bytes ${from}-${end - 1}/${blob.length}` }),
    });
    if (request.method === 'HEAD') response.end();
    else if (kind === 'broken-off') response.write(sent, () => response.destroy());
    else {
      const rate = options.bytesPerSecond ?? Number.POSITIVE_INFINITY;
      for (let at = 0; at < sent.length && !response.destroyed; at += PIECE) {
        response.write(sent.subarray(at, at + PIECE));
        await sleep((PIECE * 1000) / rate);
      }
      response.end();
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', url);
    const old = readV1(request.method ?? '', pathname);
    const method = /^\/twirp\/github\.actions\.results\.api\.v1\.CacheService\/(\w+)$/.exec(pathname)?.[1];
    const call = old?.call ?? ((method ?? (request.method === 'PUT' ? 'put' : 'get')) as CacheCall);
    calls.push(call);
    const kind = fault(call);
    if (kind === 'silent') {
      request.resume();
    } else if (kind === 'html') {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Please sign in</body></html>');
    } else if (kind !== null && typeof kind === 'object') {
      response
        .writeHead(kind.status, { 'content-type': 'application/json' })
        .end('{"code":"internal","msg":"out of order"}');
    } else if (old !== null) {
      await answerV1(old.call, old.id, searchParams, request, response);
    } else if (call === 'put') {
      await put(pathname, searchParams, request, response);
    } else if (call === 'get') {
      await get(pathname, request, response, kind);
    } else {
      const body: unknown = JSON.parse((await readBody(request)).toString());
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(methods[call]?.(body) ?? {}));
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => response.destroy(error));
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => sockets.delete(socket));
  });
  const hangUp = () => {
    for (const socket of sockets) socket.destroy();
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    environment:
      options.version === 1
        ? {
            ACTIONS_CACHE_SERVICE_V2: '',
            ACTIONS_RESULTS_URL: '',
            ACTIONS_CACHE_URL: `${url}/`,
            ACTIONS_RUNTIME_TOKEN: 'x',
            // A server of a company's own always speaks version 1.
            GITHUB_SERVER_URL: 'https://github.company.example',
          }
        : {
            ACTIONS_CACHE_SERVICE_V2: 'true',
            ACTIONS_RESULTS_URL: `${url}/`,
            ACTIONS_CACHE_URL: '',
            ACTIONS_RUNTIME_TOKEN: 'x',
            // An address of a loopback number would make @actions/cache speak version 1.
            GITHUB_SERVER_URL: 'http://server.localhost',
          },
    calls,
    keys: () => entries.filter((entry) => entry.finished).map((entry) => entry.key),
    hangUp,
    async close() {
      hangUp();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
