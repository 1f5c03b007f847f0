import type { Credentials } from './credentials.js';
import type { FaultKind } from './source.js';

/** One request of ours. Time-outs are milliseconds. */
export interface HttpRequest {
  readonly url: string;
  readonly method?: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Lower-case names. User-Agent and Host are the client's own. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent to the origin of `url` alone, never after a redirect to another one. */
  readonly credentials?: Credentials | null;
  /** What is sent with it; its length has to be in the header `content-length`. Pieces are asked for as the connection takes them. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
  /** Limit until the connection stands, until the header came, and between two pieces of the body, sent or received. */
  readonly connectMs?: number;
  readonly headersMs?: number;
  readonly stallMs?: number;
  /** Limit until the header of the last redirect's answer came, all in all. */
  readonly answerMs?: number;
  readonly signal: AbortSignal;
}

/** An answer whose body is read or cancelled by the caller. */
export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names; repeated ones joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** Address that answered, after redirects. */
  readonly url: string;
  /** The bytes as sent (no content decoding); throws HttpFault on a stall, a reset or a body shorter than announced. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Whole body, decoded (gzip, br) and at most `limit` bytes; throws HttpFault past that. */
  text(limit: number): Promise<string>;
  /** Gives the connection up without reading on. */
  cancel(): void;
}

/** The one HTTP client: the user's CA set and proxies, redirects with a limit, an honest User-Agent, kept connections. */
export interface HttpClient {
  /** Throws HttpFault when no answer came. Any status is an answer. */
  request(request: HttpRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
}

/** Why no answer, or no whole answer, came; `message` is one plain line with the masked address. */
export class HttpFault extends Error {
  readonly kind: FaultKind;
  readonly remedy: string | null;

  constructor(kind: FaultKind, message: string, remedy: string | null, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'HttpFault';
    this.kind = kind;
    this.remedy = remedy;
  }
}
