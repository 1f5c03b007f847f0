import type { Credentials } from '../values/credentials.js';
import { type HttpClient, HttpFault } from '../values/http.js';
import { maskUrl } from '../values/mask.js';
import { RegistryRefusal, refusalOf, refusalOfFault } from './refusal.js';

const tokenBytes = 65_536;
const loopback = /^(?:localhost|127\.[\d.]+|\[::1\])$/;

/** A challenge of a `WWW-Authenticate` header (RFC 9110 section 11.6.1): scheme in small letters and its parameters. */
export function readChallenge(header: string): {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
} {
  const [, scheme = '', rest = ''] = /^\s*([\w-]+)\s*(.*)$/s.exec(header.slice(0, 4000)) ?? [];
  const pairs = [...rest.matchAll(/(\w+)="([^"]*)"/g)].map(
    ([, name = '', value = '']) => [name.toLowerCase(), value] as const,
  );
  return { scheme: scheme.toLowerCase(), parameters: Object.fromEntries(pairs) };
}

function tokenIn(text: string): string | null {
  try {
    const { token, access_token: access } = JSON.parse(text) as { token?: unknown; access_token?: unknown };
    return typeof token === 'string' ? token : typeof access === 'string' ? access : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

/** Where a challenge sends for a token; https, or loopback, or the registry's own host where that is plain http too. */
function realmOf(header: string, base: URL, repository: string): URL {
  const { parameters } = readChallenge(header);
  const { realm = '', service } = parameters;
  const bad = (why: string): RegistryRefusal =>
    new RegistryRefusal(
      'not-a-registry',
      `${base.host} sends for a token to ${maskUrl(realm)}, ${why}.`,
      'Name another mirror.',
    );
  if (!URL.canParse(realm)) throw bad('which is no address');
  const url = new URL(realm);
  const plain =
    url.protocol === 'http:' && (loopback.test(url.hostname) || (base.protocol === 'http:' && base.host === url.host));
  if (url.protocol !== 'https:' && !plain) throw bad('where it would travel unprotected');
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', `repository:${repository}:pull`);
  return url;
}

/**
 * The `Authorization` that a registry wants for pulling from a repository, read from its challenge
 * (https://distribution.github.io/distribution/spec/auth/token/). Throws RegistryRefusal.
 */
export async function authorise(
  client: HttpClient,
  base: URL,
  challenge: string,
  repository: string,
  credentials: Credentials | null,
  signal: AbortSignal,
): Promise<string> {
  const { scheme } = readChallenge(challenge);
  if (scheme === 'basic' && credentials !== null)
    return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
  if (scheme === 'basic')
    throw new RegistryRefusal(
      'login',
      `${base.host} wants a user name and password.`,
      'Log in with `docker login`; a mirror of Docker Hub has to answer without.',
    );
  if (scheme !== 'bearer')
    throw new RegistryRefusal(
      'not-a-registry',
      `${base.host} answered 401 without a challenge that a registry gives.`,
      'Check the address: it must be the root of a registry.',
    );
  const realm = realmOf(challenge, base, repository);
  try {
    const answer = await client.request({ url: realm.href, credentials, signal, headersMs: 10_000 });
    const text = await answer.text(tokenBytes);
    if (answer.status !== 200) throw refusalOf(realm.host, `a token for ${repository}`, answer.status, text);
    const token = tokenIn(text);
    if (token !== null) return `Bearer ${token}`;
  } catch (error) {
    if (error instanceof HttpFault) throw refusalOfFault(error, true);
    throw error;
  }
  throw new RegistryRefusal('token-host', `${realm.host} answered without a token.`, 'Name another mirror.');
}
