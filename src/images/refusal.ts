import type { HttpFault } from '../values/http.js';
import type { MirrorFaultKind } from '../values/images.js';

/** A registry that did not do what a pull needs; `message` is one line. */
export class RegistryRefusal extends Error {
  readonly kind: MirrorFaultKind;
  readonly remedy: string;

  constructor(kind: MirrorFaultKind, message: string, remedy: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'RegistryRefusal';
    this.kind = kind;
    this.remedy = remedy;
  }
}

/** First words of an answer, on one line. */
function words(text: string): string {
  const flat = text.replace(/\s+/g, ' ').trim();
  return flat.length > 160 ? `${flat.slice(0, 157)}...` : flat;
}

/** Code and message of a registry's own error (distribution specification, "Error codes"); null: the text is none. */
function registryError(text: string): { readonly code: string; readonly message: string } | null {
  try {
    const found = JSON.parse(text) as { errors?: readonly { code?: unknown; message?: unknown; detail?: unknown }[] };
    const [first] = found.errors ?? [];
    if (first === undefined) return null;
    return {
      code: String(first.code ?? ''),
      message: [first.message, first.detail].filter((part) => typeof part === 'string').join(' '),
    };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

/** Words of mirrors that serve a list of images only; they answer 403, and some only when the first blob is asked for (public-image-mirror#22718). */
const allowList = /白名单|allow[ -]?list|white[ -]?list|not allowed|not in the list|blocked/i;
const rateLimit = /toomanyrequests|rate limit|quota|限流|频繁/i;

/** What an answer other than 200 means for a pull. `asked`: what was asked for, as in ``the manifest of library/python:3.12``. */
export function refusalOf(host: string, asked: string, status: number, text: string): RegistryRefusal {
  const own = registryError(text);
  const said = own === null ? words(text) : words(`${own.code} ${own.message}`);
  const detail = `${host} answered ${status} for ${asked}${said === '' ? '' : `: ${said}`}.`;
  if (status === 429 || rateLimit.test(said))
    return new RegistryRefusal(
      'rate-limit',
      detail,
      'Wait until its limit is over, or name another mirror in front of it.',
    );
  if (status === 403 || allowList.test(said))
    return new RegistryRefusal(
      'allow-list',
      detail,
      'It serves a list of images or of networks only: name another mirror for this image.',
    );
  if (status === 401)
    return new RegistryRefusal('login', detail, 'Log in with `docker login`, or name a registry that needs no login.');
  // A server that is no registry answers 404 too, without a registry's own error code.
  if (status === 404 && own !== null)
    return new RegistryRefusal('missing', detail, 'Check the name and the tag, or name another registry.');
  if (status === 404 || own === null)
    return new RegistryRefusal('not-a-registry', detail, 'Check the address: it must be the root of a registry.');
  return new RegistryRefusal('status', detail, 'Try again later, or name another mirror.');
}

/** What a request without an answer means. `token`: it went to the host that hands out tokens. */
export function refusalOfFault(fault: HttpFault, token: boolean): RegistryRefusal {
  const options = { cause: fault };
  if (token) {
    const remedy =
      'This mirror sends its clients to a token host that is out of reach here; name one that hands out tokens itself.';
    return new RegistryRefusal(
      'token-host',
      `The host that hands out its tokens does not answer: ${fault.message}`,
      remedy,
      options,
    );
  }
  if (fault.kind === 'tls')
    return new RegistryRefusal('tls', fault.message, fault.remedy ?? 'Check the certificate of the host.', options);
  if (fault.kind === 'malformed')
    return new RegistryRefusal(
      'not-a-registry',
      fault.message,
      'Check the address: it must be the root of a registry.',
      options,
    );
  return new RegistryRefusal(
    'unreachable',
    fault.message,
    fault.remedy ?? 'Check the address, or name another mirror.',
    options,
  );
}
