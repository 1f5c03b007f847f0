import { isNativeError } from 'node:util/types';
import { HttpFault } from '../values/http.js';
import { maskUrl } from '../values/mask.js';
import type { FaultKind } from '../values/source.js';

/** What was asked when something went wrong: the address, and the proxy on the way to it. Both may hold secrets. */
export interface Asked {
  readonly url: string;
  readonly proxy: string | null;
}

interface Rule {
  readonly codes: readonly string[];
  readonly kind: FaultKind;
  readonly text: string;
  readonly remedy: string | null;
}

const checkNameServer = 'Check the name server of this machine.';
const nameTheCa =
  'If this network has its own certificate authority, name its PEM file in SSL_CERT_FILE, REQUESTS_CA_BUNDLE or PIP_CERT.';

/** Node's, OpenSSL's and undici's error codes in plain words. */
const rules: readonly Rule[] = [
  { codes: ['ECONNREFUSED'], kind: 'refused', text: 'the connection was refused', remedy: null },
  {
    codes: ['EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL'],
    kind: 'refused',
    text: 'there is no route to the host',
    remedy: null,
  },
  { codes: ['EACCES', 'EPERM'], kind: 'refused', text: 'this machine does not allow the connection', remedy: null },
  {
    codes: ['ENOTFOUND', 'EAI_NONAME', 'EAI_NODATA'],
    kind: 'dns',
    text: 'the host name is not known',
    remedy: 'Check the spelling of the address and the name server of this machine.',
  },
  {
    codes: ['EAI_AGAIN', 'EAI_FAIL', 'ETIMEOUT'],
    kind: 'dns',
    text: 'no name server answered',
    remedy: checkNameServer,
  },
  {
    codes: ['CERT_HAS_EXPIRED'],
    kind: 'tls',
    text: "the server's certificate has expired",
    remedy: "Check this machine's clock; if it is right, the server has to renew its certificate.",
  },
  {
    codes: ['CERT_NOT_YET_VALID'],
    kind: 'tls',
    text: "the server's certificate is not valid yet",
    remedy: "Check this machine's clock.",
  },
  {
    codes: ['ERR_TLS_CERT_ALTNAME_INVALID', 'UND_ERR_PRX_TLS'],
    kind: 'tls',
    text: "the server's certificate is for another host name",
    remedy: 'Write the host name that the certificate is for.',
  },
  {
    codes: [
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'CERT_UNTRUSTED',
      'CERT_SIGNATURE_FAILURE',
    ],
    kind: 'tls',
    text: "the server's certificate is signed by an authority that is not known here",
    remedy: nameTheCa,
  },
  {
    codes: ['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'],
    kind: 'timeout',
    text: 'no answer within the time limit',
    remedy: null,
  },
  {
    codes: ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'HPE_INVALID_EOF_STATE'],
    kind: 'reset',
    text: 'the answer ended before it was whole',
    remedy: null,
  },
  {
    codes: ['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'UND_ERR_SOCKET', 'UND_ERR_CLOSED', 'UND_ERR_DESTROYED'],
    kind: 'reset',
    text: 'the connection was broken off',
    remedy: null,
  },
];

function codeOf(error: unknown): string {
  const { code, errors, cause } = error as { code?: unknown; errors?: unknown[]; cause?: unknown };
  if (Array.isArray(errors) && errors.length > 0) return codeOf(errors[0]);
  if (typeof code === 'string') return code;
  return cause === undefined || cause === null ? '' : codeOf(cause);
}

/** Makes the fault of a time limit: `name`, `connect`, `sending`, `headers` or `body` tells what was waited for; `ms` is the limit. */
export function timeLimit(
  asked: Asked,
  waitedFor: 'name' | 'connect' | 'sending' | 'headers' | 'body',
  ms: number,
): HttpFault {
  const through = waitedFor === 'connect' && asked.proxy !== null ? ` through the proxy ${maskUrl(asked.proxy)}` : '';
  const what = {
    name: `no name server told the address of ${asked.proxy === null ? 'this host' : `the proxy ${maskUrl(asked.proxy)}`}`,
    connect: `no connection${through}`,
    sending: 'nothing more of the request was taken',
    headers: 'no answer',
    body: 'nothing more of the answer came',
  }[waitedFor];
  return new HttpFault(
    'timeout',
    `${maskUrl(asked.url)}: ${what} within ${ms / 1000} s.`,
    waitedFor === 'name' ? checkNameServer : null,
  );
}

/** Makes the fault of a proxy that answered by itself with this status. */
export function proxyRefusal(asked: Asked, status: number): HttpFault {
  const proxy = maskUrl(asked.proxy ?? '');
  const where = `${maskUrl(asked.url)}: the proxy ${proxy}`;
  if (status === 407)
    return new HttpFault(
      'proxy',
      `${where} wants a user name and password.`,
      'Write them into the proxy address: http://USER:PASSWORD@HOST:PORT.',
    );
  if (status >= 500)
    return new HttpFault(
      'proxy',
      `${where} could not reach it (status ${status}).`,
      'Try again when the host and the proxy are up, or add the host to NO_PROXY if it can be reached directly.',
    );
  return new HttpFault(
    'proxy',
    `${where} did not let the request through (status ${status}).`,
    'Ask for this host to be allowed, or add it to NO_PROXY if it can be reached directly.',
  );
}

/** Tells what an error of Node or undici means. A HttpFault is given back as it is. */
export function toFault(error: unknown, asked: Asked): HttpFault {
  if (error instanceof HttpFault) return error;
  const where = maskUrl(asked.url);
  const message = isNativeError(error) ? error.message : String(error);
  const refusal = /^Proxy response \((\d+)\)/.exec(message);
  if (asked.proxy !== null && refusal !== null) return proxyRefusal(asked, Number(refusal[1]));
  const code = codeOf(error);
  const options = { cause: error };
  const rule = rules.find(({ codes }) => codes.includes(code));
  // Through a proxy, connecting and looking up a name are about the proxy itself.
  if (asked.proxy !== null && rule !== undefined && (rule.kind === 'refused' || rule.kind === 'dns')) {
    return new HttpFault(
      'proxy',
      `${where}: the proxy ${maskUrl(asked.proxy)} cannot be reached: ${rule.text}.`,
      'Correct HTTPS_PROXY or HTTP_PROXY, or unset it where there is no proxy.',
      options,
    );
  }
  if (rule !== undefined) return new HttpFault(rule.kind, `${where}: ${rule.text} (${code}).`, rule.remedy, options);
  if (code.startsWith('ERR_SSL') || code === 'EPROTO' || code.startsWith('ERR_TLS')) {
    return new HttpFault(
      'tls',
      `${where}: no TLS connection could be made (${code}).`,
      'Check that the address is an https one, and that no proxy or firewall answers in its place.',
      options,
    );
  }
  if (code.startsWith('HPE_') || (isNativeError(error) && error.name === 'HTTPParserError'))
    return new HttpFault('malformed', `${where}: the answer is not HTTP.`, null, options);
  return new HttpFault('reset', `${where}: ${message}${code === '' ? '' : ` (${code})`}.`, null, options);
}
