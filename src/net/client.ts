import type { Readable } from 'node:stream';
import { createSecureContext, type SecureContext } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import type { Dispatcher } from 'undici';
import { parseAddress } from '../packaging/address.js';
import type { Credentials } from '../values/credentials.js';
import { type HttpAnswer, type HttpClient, HttpFault, type HttpRequest } from '../values/http.js';
import type { Log } from '../values/log.js';
import { maskUrl } from '../values/mask.js';
import type { Network } from '../values/runner.js';
import { readText } from './body.js';
import { trustedCertificates } from './ca.js';
import { type Exchange, exchange, type Limits } from './exchange.js';
import { proxyRefusal } from './faults.js';
import { awaitName, openNames } from './names.js';
import { proxyFor } from './proxy.js';
import { startTimeLimit } from './time-limit.js';

const maxRedirects = 5;
const defaults: Limits = { connectMs: 10_000, headersMs: 30_000, stallMs: 30_000 };
/** Headers that another origin gets too: whatever else is sent may be a secret of the first one. */
const publicHeaders = /^(?:accept|accept-encoding|cache-control|if-.+|range|user-agent)$/;

/** What a request waits for now is this process itself, and not the host. */
interface Waiting {
  isOurs(): boolean;
}

const basic = ({ username, password }: Credentials) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

/** A proxy's address without credentials, and the header that carries them; throws HttpFault for one that cannot be used. */
function readProxy(proxy: string, asked: string): { readonly origin: string; readonly token: string | null } {
  try {
    const { url, credentials } = parseAddress(proxy);
    return { origin: new URL(url).origin, token: credentials && basic(credentials) };
  } catch (cause) {
    const what = `${maskUrl(asked)}: the proxy ${maskUrl(proxy)} is not an http or https address.`;
    throw new HttpFault('proxy', what, 'Write HTTPS_PROXY and HTTP_PROXY as http://HOST:PORT.', { cause });
  }
}

function nextHop(answer: Exchange, from: URL): URL | null {
  const { location } = answer.headers as { location?: string };
  if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return null;
  const fault = (text: string) => new HttpFault('redirect', `${maskUrl(from.href)}: ${text}`, null);
  if (!URL.canParse(location, from.href)) throw fault('redirects to something that is no address.');
  const to = new URL(location, from);
  if (to.protocol !== 'http:' && to.protocol !== 'https:') throw fault(`redirects to a ${to.protocol} address.`);
  if (from.protocol === 'https:' && to.protocol === 'http:')
    throw fault(`redirects from https to ${maskUrl(to.href)}.`);
  return to;
}

/** Lets the connection be kept where an answer that nobody reads is small. */
function discard(body: Readable): void {
  let left = 16_384;
  body.on('data', (piece: Uint8Array) => {
    left -= piece.length;
    if (left < 0) body.destroy();
  });
}

/**
 * Makes the one HTTP client: HTTP/1.1 over kept connections, the user's proxies and CA files, redirects followed here (at most five,
 * never from https to http, secrets only to the origin first asked). `version` is the program's, for the User-Agent; `limits`
 * (ms) stand in where a request states none, and `connectMs` is also the upper bound for every request.
 */
export function createClient(options: {
  readonly network: Network;
  readonly version: string;
  readonly log: Log;
  readonly limits?: Partial<Limits>;
}): HttpClient {
  const { network, version, log } = options;
  const limits = { ...defaults, ...options.limits };
  const userAgent = `paddle-mirror-setup/${version} (+node/${process.versions.node}; ${process.platform})`;
  const dispatchers = new Map<string, Promise<Dispatcher>>();
  const names = openNames();
  let trust: Promise<SecureContext> | null = null;

  const secureContext = (): Promise<SecureContext> => {
    // Parsing some hundred certificates takes longer than a handshake: once, and not for plain http.
    trust ??= trustedCertificates(network, log).then((ca) => createSecureContext({ ca }));
    return trust;
  };

  /** Direct connections, and those to a proxy that is spoken to in absolute form, need no proxy agent: `tunnel` is null. */
  async function makeDispatcher(secure: boolean, tunnel: string | null): Promise<Dispatcher> {
    // The parser is a WebAssembly module; optimising it takes 10 MB for code that looks at headers alone.
    setFlagsFromString('--wasm-tiering-budget=2000000000');
    const connect = {
      timeout: limits.connectMs,
      lookup: names.lookup,
      ...(secure ? { secureContext: await secureContext() } : {}),
    };
    // Time limits are kept by the exchange.
    const quiet = { headersTimeout: 0, bodyTimeout: 0 };
    if (tunnel === null) {
      const { default: Agent } = await import('undici/lib/dispatcher/agent.js');
      return new Agent({ ...quiet, connect });
    }
    const { ProxyAgent } = await import('undici');
    const { origin, token } = readProxy(tunnel, tunnel);
    return new ProxyAgent({
      ...quiet,
      uri: origin,
      ...(token === null ? {} : { token }),
      requestTls: connect,
      proxyTls: connect,
    });
  }

  const dispatcherFor = (secure: boolean, tunnel: string | null): Promise<Dispatcher> => {
    const key = `${secure} ${tunnel}`;
    const made = dispatchers.get(key) ?? makeDispatcher(secure, tunnel);
    dispatchers.set(key, made);
    return made;
  };

  async function hop(
    url: URL,
    request: HttpRequest,
    headers: Record<string, string>,
    waiting: Waiting,
  ): Promise<Exchange> {
    const proxy = proxyFor(url, network);
    const asked = { url: url.href, proxy };
    const path = url.pathname + url.search;
    const via = proxy === null ? null : readProxy(proxy, url.href);
    const tunnelled = via !== null && url.protocol === 'https:';
    // RFC 9112 section 3.2.2: a plain-http request to a proxy names the whole address.
    const target =
      via !== null && !tunnelled ? { origin: via.origin, path: url.origin + path } : { origin: url.origin, path };
    const sent = { ...headers, ...(via?.token && !tunnelled ? { 'proxy-authorization': via.token } : {}) };
    const { hostname, protocol } = new URL(tunnelled ? via.origin : target.origin);
    // Certificates are read from the disk.
    waiting.isOurs = () => true;
    const dispatcher = await dispatcherFor(tunnelled || protocol === 'https:', tunnelled ? proxy : null);
    const own = {
      connectMs: Math.min(request.connectMs ?? limits.connectMs, limits.connectMs),
      headersMs: request.headersMs ?? limits.headersMs,
      stallMs: request.stallMs ?? limits.stallMs,
    };
    const method = request.method ?? 'GET';
    const host = hostname.replace(/^\[|\]$/g, '');
    waiting.isOurs = () => names.isHeldUp(host);
    // Here, so that no connection's time is spent on other names.
    await awaitName(names, host, asked, own.connectMs, request.signal);
    const answer = await exchange(
      dispatcher,
      { ...target, method, headers: { ...sent, host: url.host }, body: request.body },
      asked,
      own,
      request.signal,
    );
    if (proxy !== null && answer.status === 407) {
      answer.body.destroy();
      throw proxyRefusal(asked, 407);
    }
    return answer;
  }

  async function request(wanted: HttpRequest): Promise<HttpAnswer> {
    const { answerMs } = wanted;
    const waiting: Waiting = { isOurs: () => false };
    if (answerMs === undefined) return follow(wanted, waiting);
    const late = new AbortController();
    const over = () => late.abort(new HttpFault('timeout', `no answer within ${answerMs / 1000} s`, null));
    const limit = startTimeLimit(answerMs, over, () => waiting.isOurs());
    try {
      return await follow({ ...wanted, signal: AbortSignal.any([wanted.signal, late.signal]) }, waiting);
    } finally {
      limit.clear();
    }
  }

  /** Asks, and follows redirects. */
  async function follow(wanted: HttpRequest, waiting: Waiting): Promise<HttpAnswer> {
    const first = new URL(wanted.url);
    const { credentials = null } = wanted;
    let headers: Record<string, string> = {
      'accept-encoding': 'identity',
      ...wanted.headers,
      ...(credentials === null ? {} : { authorization: basic(credentials) }),
      'user-agent': userAgent,
    };
    let url = first;
    const seen = new Set<string>();
    for (;;) {
      const answer = await hop(url, wanted, headers, waiting);
      const next =
        wanted.method === undefined || wanted.method === 'GET' || wanted.method === 'HEAD'
          ? nextHop(answer, url)
          : null;
      if (next === null) {
        return {
          status: answer.status,
          headers: answer.headers,
          url: url.href,
          body: answer.body,
          text: (limit) => readText(answer, { url: url.href, proxy: null }, limit),
          cancel: () => answer.body.destroy(),
        };
      }
      discard(answer.body);
      seen.add(url.href);
      if (seen.has(next.href) || seen.size > maxRedirects) {
        const what = seen.has(next.href)
          ? 'redirects in a circle, back'
          : `more than ${maxRedirects} redirects, the last`;
        throw new HttpFault('redirect', `${maskUrl(first.href)}: ${what} to ${maskUrl(next.href)}.`, null);
      }
      if (next.origin !== url.origin) {
        headers = Object.fromEntries(Object.entries(headers).filter(([name]) => publicHeaders.test(name)));
      }
      url = next;
    }
  }

  return {
    request,
    async close() {
      const made = await Promise.allSettled(dispatchers.values());
      await Promise.all(made.map((result) => (result.status === 'fulfilled' ? result.value.destroy() : undefined)));
    },
  };
}
