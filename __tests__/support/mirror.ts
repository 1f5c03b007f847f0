import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { type Entry, htmlPage, jsonPage, sha256 } from './mirror-page.js';

/** What a mirror does instead of answering well. `after` is a count of body bytes. */
export type MirrorFault =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly body?: string;
      readonly headers?: Record<string, string>;
    }
  | { readonly kind: 'redirect'; readonly to: string; readonly status?: number }
  /** The connection is reset, the body ends early with a clean end, or nothing more comes. */
  | { readonly kind: 'reset' | 'truncate' | 'stall'; readonly after: number }
  /** The request is read and never answered. */
  | { readonly kind: 'silence' }
  /** One byte of the file, at this offset, is another one. */
  | { readonly kind: 'corrupt'; readonly at: number };

/** One request as the mirror saw it. */
export interface MirrorRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** The client's port: tells connections apart. */
  readonly port: number;
  /** Status that was answered, 0 while there is none. */
  readonly status: number;
  /** Body bytes handed to the socket. */
  bytes: number;
}

export interface MirrorOptions {
  /** Project (for `paddle`: `stable/cpu/project`) → file name → content or path of a file. */
  readonly files: Readonly<Record<string, Readonly<Record<string, Buffer | string>>>>;
  /** Kinds of page; both by default, chosen by `Accept`, HTML where both would do. */
  readonly json?: boolean;
  readonly html?: boolean;
  /** Hashes (and, in JSON, sizes) on the page; default true, false for `paddle`. */
  readonly hashes?: boolean;
  /** Byte ranges are obeyed; default true. */
  readonly ranges?: boolean;
  /** PEP 658 files: file name → METADATA text. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly requiresPython?: Readonly<Record<string, string>>;
  readonly yanked?: Readonly<Record<string, string>>;
  /** As PaddlePaddle's index: folders in front of the project, 200 and an empty page for an unknown project, no hashes. */
  readonly paddle?: boolean;
  /** Wait before each answer. */
  readonly latencyMs?: number;
  readonly bytesPerSecondPerConnection?: number;
  readonly fault?: (request: MirrorRequest) => MirrorFault | null | undefined;
  /** What is said of a file in place of an ETag of its bytes. */
  readonly etag?: () => string;
  /** Called after every piece of a body that was handed to a socket. */
  readonly handed?: () => void;
  /** PEM texts: answer by TLS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Host in `url`; the server listens on 127.0.0.1 in any case. */
  readonly host?: string;
}

export interface Mirror {
  /** `http://127.0.0.1:PORT` without a slash at its end. */
  readonly url: string;
  /** Base for a Source: the simple index, or with `paddle` the folder above `stable/`. */
  readonly index: string;
  readonly requests: MirrorRequest[];
  /** Body bytes of files (not pages) handed to sockets so far. */
  readonly bytes: number;
  close(): Promise<void>;
}

const jsonType = 'application/vnd.pypi.simple.v1+json';
const htmlType = 'application/vnd.pypi.simple.v1+html';

async function entry(content: Buffer | string): Promise<Entry> {
  if (typeof content !== 'string') return { content, size: content.length, sha256: sha256(content) };
  const { size } = await stat(content);
  const hash = createHash('sha256');
  for await (const piece of createReadStream(content)) hash.update(piece);
  return { content, size, sha256: hash.digest('hex') };
}

/** Start and end (exclusive) of a `Range` header; null: serve the whole; 'unsatisfiable': 416 (RFC 9110 section 14). */
function range(header: string | undefined, size: number): { start: number; end: number } | null | 'unsatisfiable' {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  const [, from = '', to = ''] = match ?? [];
  if (match === null || (from === '' && to === '')) return null;
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size : Math.min(size, Number(to) + 1);
  return start >= size || end <= start ? 'unsatisfiable' : { start, end };
}

const drained = (response: ServerResponse) =>
  new Promise<void>((resolve) => {
    const go = () => {
      response.off('drain', go).off('close', go);
      resolve();
    };
    response.on('drain', go).on('close', go);
  });

/** Starts a loopback mirror. It speaks HTTP as a good server does, unless `fault` says otherwise. */
export async function startMirror(options: MirrorOptions): Promise<Mirror> {
  const projects = new Map<string, Map<string, Entry>>();
  for (const [project, files] of Object.entries(options.files)) {
    const entries = await Promise.all(
      Object.entries(files).map(async ([name, content]) => [name, await entry(content)] as const),
    );
    projects.set(project, new Map(entries));
  }
  const requests: MirrorRequest[] = [];
  const sockets = new Set<Socket>();
  let fileBytes = 0;

  async function send(
    seen: MirrorRequest,
    response: ServerResponse,
    body: AsyncIterable<Buffer>,
    isFile: boolean,
    fault: MirrorFault | null,
  ) {
    response.flushHeaders();
    let sent = 0;
    for await (const chunk of body) {
      for (let at = 0; at < chunk.length; ) {
        const cut = fault !== null && 'after' in fault ? fault.after - sent : Number.POSITIVE_INFINITY;
        if (cut <= 0 && fault !== null) {
          if (fault.kind === 'stall') return;
          // A reset at once would throw away what the client has not read yet.
          await sleep(50);
          return fault.kind === 'reset' ? response.socket?.resetAndDestroy() : response.socket?.end();
        }
        const piece = chunk.subarray(at, at + Math.min(cut, 65_536));
        at += piece.length;
        sent += piece.length;
        seen.bytes += piece.length;
        if (isFile) fileBytes += piece.length;
        if (response.destroyed) return undefined;
        const full = !response.write(piece);
        options.handed?.();
        if (full) await drained(response);
        if (options.bytesPerSecondPerConnection)
          await sleep((piece.length / options.bytesPerSecondPerConnection) * 1000);
      }
    }
    return response.end();
  }

  function file(seen: MirrorRequest, response: ServerResponse, found: Entry, fault: MirrorFault | null) {
    const etag = options.etag?.() ?? `"${found.sha256.slice(0, 16)}"`;
    const { range: wanted, 'if-range': ifRange, 'if-none-match': noneMatch } = seen.headers;
    const headers: Record<string, string | number> = { etag, 'content-type': 'application/octet-stream' };
    if (options.ranges !== false) headers['accept-ranges'] = 'bytes';
    const head = (status: number) => response.writeHead(status, headers);
    if (noneMatch === etag) return head(304).end();
    const part =
      options.ranges === false || (ifRange !== undefined && ifRange !== etag) ? null : range(wanted, found.size);
    if (part === 'unsatisfiable') {
      headers['content-range'] = `bytes */${found.size}`;
      return head(416).end();
    }
    const { start, end } = part ?? { start: 0, end: found.size };
    headers['content-length'] = end - start;
    if (part !== null) headers['content-range'] = `bytes ${start}-${end - 1}/${found.size}`;
    head(part === null ? 200 : 206);
    if (seen.method === 'HEAD') return response.end();
    async function* chunks(): AsyncGenerator<Buffer> {
      const stream =
        typeof found.content === 'string'
          ? createReadStream(found.content, { start, end: end - 1 })
          : Readable.from([found.content.subarray(start, end)]);
      let offset = start;
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        const bad = fault?.kind === 'corrupt' ? fault.at - offset : -1;
        offset += chunk.length;
        if (bad < 0 || bad >= chunk.length) yield chunk;
        else {
          const copy = Buffer.from(chunk);
          copy[bad] = (copy[bad] ?? 0) ^ 0xff;
          yield copy;
        }
      }
    }
    return send(seen, response, chunks(), true, fault);
  }

  function text(seen: MirrorRequest, response: ServerResponse, type: string, body: string, fault: MirrorFault | null) {
    const etag = `"${sha256(type + body).slice(0, 16)}"`;
    const packed = /\bgzip\b/.test(String(seen.headers['accept-encoding'] ?? ''));
    const data = packed ? gzipSync(body) : Buffer.from(body);
    const status = seen.headers['if-none-match'] === etag ? 304 : 200;
    response.writeHead(status, {
      etag,
      vary: 'accept, accept-encoding',
      'content-type': type,
      ...(status === 304 ? {} : { 'content-length': data.length }),
      ...(packed ? { 'content-encoding': 'gzip' } : {}),
    });
    return status === 304 || seen.method === 'HEAD'
      ? response.end()
      : send(seen, response, Readable.from([data]), false, fault);
  }

  async function answer(seen: MirrorRequest, response: ServerResponse): Promise<unknown> {
    if (options.latencyMs) await sleep(options.latencyMs);
    const fault = options.fault?.(seen) ?? null;
    if (fault?.kind === 'silence') return undefined;
    if (fault?.kind === 'status') return response.writeHead(fault.status, fault.headers).end(fault.body ?? '');
    if (fault?.kind === 'redirect') return response.writeHead(fault.status ?? 302, { location: fault.to }).end();
    const path = decodeURIComponent(new URL(seen.path, 'http://mirror.invalid').pathname);
    const fileMatch = /^\/files\/(.+)\/([^/]+)$/.exec(path);
    if (fileMatch !== null) {
      const [, project = '', filename = ''] = fileMatch;
      const found = projects.get(project)?.get(filename);
      if (found !== undefined) return file(seen, response, found, fault);
      const metadata = filename.endsWith('.metadata') ? options.metadata?.[filename.slice(0, -9)] : undefined;
      if (metadata !== undefined) return text(seen, response, 'text/plain', metadata, fault);
    }
    const project = /^\/(.+)\/$/.exec(options.paddle ? path : path.replace(/^\/simple(?=\/)/, ''))?.[1];
    const files =
      projects.get(project ?? '') ??
      (options.paddle && project?.split('/').length === 3 ? new Map<string, Entry>() : undefined);
    if (project === undefined || files === undefined)
      return response.writeHead(404, { 'content-type': 'text/plain' }).end('Not Found');
    const accept = seen.headers.accept ?? '*/*';
    const json = options.json !== false && (options.html === false || accept.includes(jsonType));
    if (!json && options.html === false) return response.writeHead(406).end();
    const type = json ? jsonType : accept.includes(htmlType) ? htmlType : 'text/html; charset=utf-8';
    return text(seen, response, type, (json ? jsonPage : htmlPage)(project, files, options), fault);
  }

  const listener: RequestListener = (request, response) => {
    const seen: MirrorRequest = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      port: request.socket.remotePort ?? 0,
      get status() {
        return response.headersSent ? response.statusCode : 0;
      },
      bytes: 0,
    };
    requests.push(seen);
    request.resume();
    answer(seen, response).catch((error: Error) => response.destroy(error));
  };
  const server = options.tls ? createTlsServer({ ...options.tls }, listener) : createServer(listener);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `${options.tls ? 'https' : 'http'}://${options.host ?? '127.0.0.1'}:${(server.address() as AddressInfo).port}`;
  return {
    url,
    index: options.paddle ? `${url}/` : `${url}/simple/`,
    requests,
    get bytes() {
      return fileBytes;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
