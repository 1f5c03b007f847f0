import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

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
  /** Environment under which @actions/cache talks to it, by protocol version 2. */
  readonly environment: Readonly<Record<string, string>>;
  readonly calls: readonly CacheCall[];
  /** Keys of the entries that are whole, oldest first. */
  keys(): string[];
  /** Breaks the connections that stand. */
  hangUp(): void;
  close(): Promise<void>;
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}

function field(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null ? new Map(Object.entries(body)).get(name) : undefined;
}

/**
 * Starts the service that @actions/cache 6 speaks to: three JSON methods, and blobs as Azure stores them (one `PUT`, or blocks and their list).
 * `key` must match whole; only restore keys match by their beginning, the newest entry first.
 */
export async function startCacheService(
  fault: (call: CacheCall) => CacheFault | null = () => null,
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

  function get(path: string, request: IncomingMessage, response: ServerResponse, kind: CacheFault | null): void {
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
    else response.end(sent);
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', url);
    const method = /^\/twirp\/github\.actions\.results\.api\.v1\.CacheService\/(\w+)$/.exec(pathname)?.[1];
    const call = (method ?? (request.method === 'PUT' ? 'put' : 'get')) as CacheCall;
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
    } else if (call === 'put') {
      await put(pathname, searchParams, request, response);
    } else if (call === 'get') {
      get(pathname, request, response, kind);
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
    environment: {
      ACTIONS_CACHE_SERVICE_V2: 'true',
      ACTIONS_RESULTS_URL: `${url}/`,
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
