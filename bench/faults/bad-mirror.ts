import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  request as relay,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** What the good mirror behind would have answered. */
export interface Good {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Position of the body's first byte in the file, and the length of the whole file; 0 and the body's length for a page. */
  readonly from: number;
  readonly size: number;
}

/** One request at a bad mirror. */
export interface Seen {
  readonly kind: 'page' | 'file';
  /** Path and query as sent. */
  readonly path: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Milliseconds since the mirror was started. */
  readonly age: number;
  /** Asks the good mirror behind, with the very range that was asked for. */
  good(): Promise<Good>;
  /** Body bytes that this connection has carried. */
  carried(): number;
  /** Takes note of body bytes handed to the socket. */
  count(bytes: number): void;
  /** Ends the mirror as a crash would: every connection is broken and nobody listens any more. */
  die(): void;
}

/** Answers a request, badly. */
export type Damage = (seen: Seen) => Promise<void> | void;

/** A server in a scene. */
export interface Place {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Address of its simple index. */
  readonly index: string;
  /** Body bytes of files that it has handed out. */
  readonly bytes: number;
  close(): Promise<void>;
}

function readGood(answer: IncomingMessage, body: Buffer): Good {
  const range = answer.headers['content-range'] ?? '';
  // The answer to a HEAD has the length and no body.
  const whole = answer.headers['content-length'] ?? String(body.length);
  const [, from = '0', size = whole] = /^bytes (\d+)-\d+\/(\d+)$/.exec(range) ?? [];
  const kept = ['content-type', 'content-range', 'etag', 'accept-ranges'];
  const headers = kept.flatMap((name) => {
    const value = answer.headers[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return {
    status: answer.statusCode ?? 0,
    headers: Object.fromEntries(headers),
    body,
    from: Number(from),
    size: Number(size),
  };
}

/** Asks the mirror behind as the client asked, but for codings: pages are to be read here. */
function askGood(origin: string, { method, url, headers }: IncomingMessage): Promise<Good> {
  const { host: _host, 'accept-encoding': _coding, connection: _connection, ...rest } = headers;
  return new Promise((resolve, reject) => {
    const asked = relay(
      new URL(url ?? '/', origin),
      { method: method ?? 'GET', headers: rest, agent: false },
      (answer) => {
        const pieces: Buffer[] = [];
        answer
          .on('data', (piece: Buffer) => pieces.push(piece))
          .on('error', reject)
          .on('end', () => resolve(readGood(answer, Buffer.concat(pieces))));
      },
    );
    asked.on('error', reject).end();
  });
}

/**
 * Starts a mirror on loopback that has what the good mirror at `origin` has and answers each request as `damage` wishes; by TLS with the
 * PEM texts of `tls`.
 */
export async function startBadMirror(
  origin: string,
  damage: Damage,
  tls: { readonly key: string; readonly cert: string } | null = null,
): Promise<Place> {
  const sockets = new Map<Socket, { bytes: number }>();
  const started = Date.now();
  let fileBytes = 0;
  const listener: RequestListener = (request, response) => {
    const path = request.url ?? '/';
    const kind = path.startsWith('/files/') ? 'file' : 'page';
    const account = sockets.get(request.socket) ?? { bytes: 0 };
    const seen: Seen = {
      kind,
      path,
      request,
      response,
      age: Date.now() - started,
      good: () => askGood(origin, request),
      carried: () => account.bytes,
      count: (bytes) => {
        account.bytes += bytes;
        fileBytes += kind === 'file' ? bytes : 0;
      },
      die: () => {
        server.close();
        for (const socket of sockets.keys()) socket.resetAndDestroy();
      },
    };
    request.resume();
    Promise.resolve(damage(seen)).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    );
  };
  const server = tls === null ? createServer(listener) : createTlsServer({ ...tls }, listener);
  const keep = (socket: Socket): void => {
    sockets.set(socket, { bytes: 0 });
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  };
  server.on(tls === null ? 'connection' : 'secureConnection', keep);
  // A client that does not trust the certificate hangs up in the handshake: that is what is looked for.
  server.on('tlsClientError', (_error, socket: Socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `${tls === null ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    index: `${url}/simple/`,
    get bytes() {
      return fileBytes;
    },
    async close() {
      for (const socket of sockets.keys()) socket.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}
