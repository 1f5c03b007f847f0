import { parseAddress } from '../packaging/address.js';
import type { IndexCredentials } from '../values/credentials.js';
import type { Given, Report } from './rules.js';

const remedy = 'Write one line an index: its address, a blank, `USER:PASSWORD` (`__token__:TOKEN` for a token).';

/** What a line holds behind the address; a secret even where the line is wrong. */
function secretPart(line: string): string {
  return /^\s*\S+\s+(.*\S)/.exec(line)?.[1] ?? '';
}

/** Every text of the input that must never be printed, to be masked before it is parsed. */
export function secretTexts(text: string): string[] {
  const parts = text.split(/\r?\n/).flatMap((line) => {
    const secret = secretPart(line);
    return [secret, secret.slice(secret.indexOf(':') + 1), Buffer.from(secret).toString('base64')];
  });
  return [...new Set(parts)].filter((part) => part !== '');
}

/**
 * Lines of address and `USER:PASSWORD` → credentials by origin: an origin is all that they are for, whatever stands behind it in the address.
 * Of a wrong line only the number is told, since nobody knows which word of it is the secret.
 */
export function readIndexCredentials(given: Given, report: Report): readonly IndexCredentials[] {
  const found: IndexCredentials[] = [];
  for (const [at, line] of given.text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const wrong = (what: string): void => report({ where: `${given.where}, line ${at + 1}`, what, remedy });
    const [address = ''] = line.trim().split(/\s+/);
    const secret = secretPart(line);
    const colon = secret.indexOf(':');
    try {
      const { url, credentials } = parseAddress(address);
      const { origin } = new URL(url);
      if (credentials !== null) wrong('The address holds a password already.');
      else if (colon < 1 || colon === secret.length - 1) wrong('Behind the address there is no `USER:PASSWORD`.');
      else if (found.some((known) => known.origin === origin)) wrong('This origin has a line already.');
      else found.push({ origin, credentials: { username: secret.slice(0, colon), password: secret.slice(colon + 1) } });
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      wrong('It does not begin with an http or https address.');
    }
  }
  return found;
}
