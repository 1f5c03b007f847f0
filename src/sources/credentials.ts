import type { Credentials, IndexCredentials } from '../values/credentials.js';
import type { Source } from '../values/source.js';
import type { NetrcEntry } from './netrc.js';

const isHttp = (url: string): boolean => /^https?:/i.test(url);

/** A host name is all that a netrc file tells: its password goes over TLS or to this machine only. */
function fromNetrc(url: string, entries: readonly NetrcEntry[]): Credentials | null {
  const { protocol, hostname } = new URL(url);
  const safe = protocol === 'https:' || /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(hostname);
  const entry = entries.find(({ machine }) => machine.toLowerCase() === hostname);
  return safe && entry !== undefined ? { username: entry.login, password: entry.password } : null;
}

/**
 * Sources with the credentials of their own origin: those of the address itself, else the user's `given`, else those of the user's netrc file.
 * `unused`: origins that were given and that no source has.
 */
export function withCredentials(
  sources: readonly Source[],
  given: readonly IndexCredentials[],
  netrc: readonly NetrcEntry[],
): { readonly sources: readonly Source[]; readonly unused: readonly string[] } {
  const originOf = ({ url }: Source): string | null => (isHttp(url) ? new URL(url).origin : null);
  const named = (source: Source): Credentials | null =>
    given.find(({ origin }) => origin === originOf(source))?.credentials ?? null;
  const unused = given.map(({ origin }) => origin).filter((origin) => !sources.some((one) => originOf(one) === origin));
  return {
    sources: sources.map((source) => ({
      ...source,
      credentials: source.credentials ?? named(source) ?? (isHttp(source.url) ? fromNetrc(source.url, netrc) : null),
    })),
    unused,
  };
}
