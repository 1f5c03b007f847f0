import { createHash, createHmac } from 'node:crypto';
import type { S3Keys } from '../../values/s3.js';

/** What a signature holds for, besides its day. */
export interface Scope {
  readonly region: string;
  readonly service: 's3' | 'sts';
}

/** A request as the signature sees it; its path and query are percent-encoded already, once. */
interface Signable {
  readonly method: string;
  readonly url: URL;
  /** Lower-case names of the headers that are signed. */
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body in lower-case hex, or `UNSIGNED-PAYLOAD`. */
  readonly payload: string;
}

const algorithm = 'AWS4-HMAC-SHA256';

/** SHA-256 in lower-case hex. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** Percent-encodes everything but RFC 3986's unreserved characters, as the signature wants it. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** `20260102T030405Z` (ISO 8601, basic format). */
function timestamp(now: Date): string {
  return now.toISOString().replace(/[-:]|\.\d{3}/g, '');
}

function scopeOf(now: Date, { region, service }: Scope): string {
  return `${timestamp(now).slice(0, 8)}/${region}/${service}/aws4_request`;
}

function sign({ method, url, headers, payload }: Signable, keys: S3Keys, scope: Scope, now: Date): string {
  const names = Object.keys(headers).sort();
  const query = [...url.searchParams].map(([name, value]) => `${encode(name)}=${encode(value)}`).sort();
  const canonical = [
    method,
    url.pathname,
    query.join('&'),
    ...names.map((name) => `${name}:${headers[name]?.trim()}`),
    '',
    names.join(';'),
    payload,
  ].join('\n');
  const text = [algorithm, timestamp(now), scopeOf(now, scope), sha256(canonical)].join('\n');
  const key = scopeOf(now, scope).split('/').reduce<string | Buffer>(hmac, `AWS4${keys.secretAccessKey}`);
  return hmac(Buffer.from(key), text).toString('hex');
}

/**
 * The headers of a request with its signature (AWS Signature Version 4, "Authenticating Requests: Using the Authorization Header").
 * `payload`: SHA-256 of the body in lower-case hex, which the server compares with what it gets.
 */
export function signedHeaders(
  request: Signable,
  keys: S3Keys,
  scope: Scope,
  now: Date,
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {
    ...request.headers,
    'x-amz-content-sha256': request.payload,
    'x-amz-date': timestamp(now),
    ...(keys.sessionToken === null ? {} : { 'x-amz-security-token': keys.sessionToken }),
  };
  const all = { ...headers, host: request.url.host };
  const signature = sign({ ...request, headers: all }, keys, scope, now);
  const names = Object.keys(all).sort().join(';');
  const authorization = `${algorithm} Credential=${keys.accessKeyId}/${scopeOf(now, scope)}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...headers, authorization };
}

/**
 * An address that lets its holder read the object for `seconds` (AWS Signature Version 4, "Authenticating Requests: Using Query
 * Parameters"). It is a secret.
 */
export function presignedUrl(url: URL, keys: S3Keys, scope: Scope, now: Date, seconds: number): string {
  const signed = new URL(url);
  const parameters = {
    'X-Amz-Algorithm': algorithm,
    'X-Amz-Credential': `${keys.accessKeyId}/${scopeOf(now, scope)}`,
    'X-Amz-Date': timestamp(now),
    'X-Amz-Expires': String(seconds),
    ...(keys.sessionToken === null ? {} : { 'X-Amz-Security-Token': keys.sessionToken }),
    'X-Amz-SignedHeaders': 'host',
  };
  signed.search = Object.entries(parameters)
    .map(([name, value]) => `${name}=${encode(value)}`)
    .join('&');
  const request = { method: 'GET', url: signed, headers: { host: signed.host }, payload: 'UNSIGNED-PAYLOAD' };
  signed.search += `&X-Amz-Signature=${sign(request, keys, scope, now)}`;
  return signed.href;
}
