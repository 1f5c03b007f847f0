import { createHash, timingSafeEqual } from 'node:crypto';

/** What a request to a proxy says of itself. */
export interface Knock {
  readonly method: string;
  /** The request target as sent: absolute for a proxy (RFC 9112, section 3.2.2). */
  readonly target: string;
  /** `Proxy-Authorization`, or null. */
  readonly authorization: string | null;
}

/** Let in with the decoded path behind the invented name, or turned away. */
export type Entrance = { readonly path: string } | { readonly status: 400 | 403 | 405 | 407 };

/**
 * Decides who gets in: the token first (a loopback port is open to every user of the host), then the one invented name. Only absolute
 * targets count: a browser that was rebound to this address sends relative ones.
 */
export function atTheDoor(knock: Knock, host: string, token: string): Entrance {
  if (!isToken(knock.authorization, token)) {
    return { status: 407 };
  }
  if (!knock.target.startsWith(`http://${host}/`)) {
    return { status: 403 };
  }
  if (knock.method !== 'GET' && knock.method !== 'HEAD') {
    return { status: 405 };
  }
  try {
    return { path: decodeURIComponent(new URL(knock.target).pathname) };
  } catch {
    // Escapes that are no UTF-8.
    return { status: 400 };
  }
}

function isToken(authorization: string | null, token: string): boolean {
  const encoded = /^basic +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '';
  const password = Buffer.from(encoded, 'base64')
    .toString('utf8')
    .replace(/^[^:]*:/, '');
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(password), digest(token));
}
