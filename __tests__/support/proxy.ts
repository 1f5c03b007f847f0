import { createServer, request as forward } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** A forward proxy on loopback: what passed, and how to end it. */
export interface Proxy {
  /** `http://127.0.0.1:PORT`; credentials are the caller's to add. */
  readonly url: string;
  /** `CONNECT host:port` or `GET http://host/path`, in the order of arrival, also those turned away. */
  readonly passed: string[];
  close(): Promise<void>;
}

export interface ProxyOptions {
  /** `user:password` that Proxy-Authorization must carry; without it the answer is 407. */
  readonly auth?: string;
  /** Host name → `host:port` that is really connected to: stands in for a resolver. */
  readonly hosts?: Readonly<Record<string, string>>;
}

/** Starts a proxy that tunnels (CONNECT) and forwards (absolute-form). */
export async function startProxy(options: ProxyOptions = {}): Promise<Proxy> {
  const passed: string[] = [];
  const sockets = new Set<Socket>();
  const expected = options.auth && `Basic ${Buffer.from(options.auth).toString('base64')}`;
  const target = (host: string, port: number) => {
    const [toHost = host, toPort] = options.hosts?.[host]?.split(':') ?? [host, String(port)];
    return { host: toHost, port: Number(toPort) };
  };
  const server = createServer((request, response) => {
    passed.push(`${request.method} ${request.url}`);
    if (expected && request.headers['proxy-authorization'] !== expected) {
      response.writeHead(407, { 'proxy-authenticate': 'Basic realm="proxy"' }).end();
      return;
    }
    const url = new URL(request.url ?? '');
    const { 'proxy-authorization': _secret, ...headers } = request.headers;
    const onward = forward(
      {
        ...target(url.hostname, Number(url.port || 80)),
        path: url.pathname + url.search,
        method: request.method,
        headers,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.writeHead(502).end('no way there'));
    request.pipe(onward);
  });
  server.on('connect', (request, client: Socket) => {
    passed.push(`CONNECT ${request.url}`);
    if (expected && request.headers['proxy-authorization'] !== expected) {
      client.end(
        'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="proxy"\r\nContent-Length: 0\r\n\r\n',
      );
      return;
    }
    const { hostname, port } = new URL(`tunnel://${request.url}`);
    const onward = connect(target(hostname, Number(port)), () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      onward.pipe(client).pipe(onward);
    });
    sockets.add(onward);
    onward.on('error', () => client.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n'));
    client.on('error', () => onward.destroy());
  });
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
