import querystring from 'node:querystring';
import { fileURLToPath } from 'node:url';
import type { Credentials } from '../values/credentials.js';

/** An http(s) address with the user's name and password taken out. */
export interface Address {
  /** As the URL standard writes it, without credentials. */
  readonly url: string;
  readonly credentials: Credentials | null;
}

/** Whether a text begins as an address of any scheme does; `C:\\x` is a path. */
export function isAddress(text: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(text);
}

/**
 * Reads an http(s) address. Throws SyntaxError with a phrase that says what is wrong and shows no secret,
 * e.g. ``its scheme is `ftp:`, not http or https``.
 */
export function parseAddress(text: string): Address {
  const unsafe = /[\p{Cc}\s"'`<>\\^{|}]/u.exec(text);
  if (unsafe !== null) {
    throw new SyntaxError(`it holds the character ${JSON.stringify(unsafe[0])}`);
  }
  if (!URL.canParse(text)) {
    throw new SyntaxError('it is no address');
  }
  const parsed = new URL(text);
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw new SyntaxError(`its scheme is \`${parsed.protocol}\`, not http or https`);
  }
  if (!/^https?:\/\/[^/]/i.test(text)) {
    throw new SyntaxError('two slashes and a host must stand behind the scheme');
  }
  const { username, password } = parsed;
  parsed.username = '';
  parsed.password = '';
  // A password may hold a lone `%`, on which decodeURIComponent throws.
  return {
    url: parsed.href,
    credentials:
      username === '' && password === ''
        ? null
        : { username: querystring.unescape(username), password: querystring.unescape(password) },
  };
}

/** Path of a `file:` address. Throws SyntaxError for one of another machine or without an absolute path. */
export function pathOfFileAddress(text: string): string {
  try {
    return fileURLToPath(text);
  } catch (error) {
    throw new SyntaxError(`\`${text}\` is no address of a file on this machine`, { cause: error });
  }
}
