import { type HttpAnswer, type HttpClient, HttpFault } from '../../values/http.js';
import type { Log } from '../../values/log.js';
import { nameOfPlace, type S3Keys, type S3Place } from '../../values/s3.js';
import { objectUrl } from './address.js';
import { type Again, openPatience } from './patience.js';
import { readRefusal, S3Refusal } from './refusal.js';
import { presignedUrl, sha256, signedHeaders } from './sign.js';

/** An object as its header tells it. */
export interface S3Object {
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since it was written, by the store's own clock; null where it tells no times. */
  readonly ageMs: number | null;
}

/** What is put: text, or a stream of bytes whose length and hash are known, which the store checks on arrival. */
export interface Upload {
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  bytes(): Uint8Array | AsyncIterable<Uint8Array>;
}

/** Under which condition something is put (RFC 9110, section 13.1): where nothing is there, or what has this ETag. */
export type Condition = { readonly ifNoneMatch: '*' } | { readonly ifMatch: string } | null;

/** A place in a store, its requests signed. Keys are what follows the place's prefix. All throw S3Refusal where the store does not serve. */
export interface S3Objects {
  readonly place: S3Place;
  /** The object's plain address, which opens nothing without a signature. */
  address(key: string): string;
  /** An address that opens an object to whoever has it: a secret. `url` is a plain one. */
  presign(url: string): Promise<string>;
  /** The store's clock minus ours as far as it is known, ms: what is signed from now on is signed with it. */
  clockOffset(): number;
  /**
   * Takes the store's clock out of the answer to what was signed with an offset. Whether a new signature is worth a try: requests that are under
   * way together meet the same wrong clock, and one of them has corrected it before the others are answered.
   */
  setClock(headers: Readonly<Record<string, string>>, signedWith: number): boolean;
  /** Begins something that is more than one request: each of them has tries of its own already, but for a put that breaks off. */
  begin(signal: AbortSignal): Again;
  /** Null where there is none. */
  head(key: string, signal: AbortSignal): Promise<S3Object | null>;
  /** A small text; null where there is none. */
  read(key: string, limit: number, signal: AbortSignal): Promise<(S3Object & { readonly text: string }) | null>;
  /** The new ETag; null where the condition does not hold (any more). */
  put(key: string, upload: Upload, condition: Condition, signal: AbortSignal): Promise<string | null>;
  remove(key: string, signal: AbortSignal): Promise<void>;
}

/** One request. */
interface Ask {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  readonly key: string;
  /** Statuses that say something. */
  readonly good: readonly number[];
  readonly condition?: Readonly<Record<string, string>>;
  readonly upload?: Upload;
}

/** Milliseconds for which a presigned address is good: it is used at once, and a request that has begun goes on. */
const SIGNED_MS = 900_000;
/** A clock that is off by this much (ms) is corrected; stores take 15 minutes, presigned addresses none into the future. */
const SKEW_MS = 30_000;
const limits = { connectMs: 5_000, headersMs: 20_000, stallMs: 30_000 };
/** How long (ms) a store that has served is asked again: as long as a silent holder of a lease is waited for. */
const PATIENCE_MS = 60_000;

/** What is put of a text. */
export function textUpload(text: string): Upload {
  const bytes = Buffer.from(text);
  return { size: bytes.length, sha256: sha256(bytes), bytes: () => bytes };
}

/** No answer, or none to its end. */
function broken(error: HttpFault): S3Refusal {
  return new S3Refusal(0, '', error.message.replace(/\.$/, ''), error.remedy ?? 'Check cache-url and the network.', {
    cause: error,
  });
}

/**
 * Opens a place. `keys` gives what signs (they may end and be renewed, hence a function); `backOffMs` is the first wait after a store
 * said to slow down, `patienceMs` how long one that has served is asked again.
 */
export function openObjects(options: {
  readonly client: HttpClient;
  readonly place: S3Place;
  readonly region: string;
  readonly keys: () => Promise<S3Keys>;
  readonly log: Pick<Log, 'info'>;
  readonly backOffMs?: number;
  readonly patienceMs?: number;
}): S3Objects {
  const { client, place, region, keys, log, backOffMs = 300, patienceMs = PATIENCE_MS } = options;
  const scope = { region, service: 's3' } as const;
  const name = nameOfPlace(place);
  const patience = openPatience(name, backOffMs, patienceMs, log);
  /** The store's clock minus ours, ms. */
  let ahead = 0;
  const now = (): Date => new Date(Date.now() + ahead);

  const setClock: S3Objects['setClock'] = (headers, signedWith) => {
    const told = Date.parse(headers['date'] ?? '');
    if (Math.abs(told - now().getTime()) >= SKEW_MS) ahead = told - Date.now();
    return ahead !== signedWith;
  };

  const about = ({ headers }: HttpAnswer): S3Object => {
    const age = Date.parse(headers['date'] ?? '') - Date.parse(headers['last-modified'] ?? '');
    const size = Number(headers['content-length'] ?? Number.NaN);
    return { etag: headers['etag'] ?? '', size, ageMs: Number.isFinite(age) ? age : null };
  };

  async function once({ method, key, condition, upload }: Ask, signal: AbortSignal): Promise<HttpAnswer> {
    const url = objectUrl(place, region, key);
    const payload = upload?.sha256 ?? sha256('');
    const signed = signedHeaders({ method, url, headers: {}, payload }, await keys(), scope, now());
    const length: Record<string, string> = upload === undefined ? {} : { 'content-length': String(upload.size) };
    return client.request({
      url: url.href,
      method,
      headers: { ...condition, ...length, ...signed },
      ...(upload === undefined ? {} : { body: upload.bytes() }),
      ...limits,
      // A signal of its own: dozens of requests are under way at a time.
      signal: AbortSignal.any([signal]),
    });
  }

  /** What `use` makes of an answer with one of the statuses in `good`; every other one is thrown. A put that breaks off is not sent again. */
  async function request<Used>(
    ask: Ask,
    use: (answer: HttpAnswer) => Used | Promise<Used>,
    signal: AbortSignal,
  ): Promise<Used> {
    const { method, key, good } = ask;
    const again = patience.begin(signal);
    for (let corrected = false; ; ) {
      let refusal: S3Refusal;
      const signedWith = ahead;
      try {
        const answer = await once(ask, signal);
        if (good.includes(answer.status)) {
          const used = await use(answer);
          patience.served();
          return used;
        }
        refusal = await readRefusal(answer, `${method} ${key} in ${name}`);
        if (answer.status === 403 && !corrected && setClock(answer.headers, signedWith)) {
          corrected = true;
          continue;
        }
      } catch (error) {
        if (!(error instanceof HttpFault)) throw error;
        refusal = broken(error);
        if (ask.upload !== undefined) throw refusal;
      }
      if (!(await again(refusal))) throw refusal;
    }
  }

  return {
    place,
    address: (key) => objectUrl(place, region, key).href,
    presign: async (url) => presignedUrl(new URL(url), await keys(), scope, now(), SIGNED_MS / 1000),
    clockOffset: () => ahead,
    setClock,
    begin: patience.begin,
    head: (key, signal) =>
      request(
        { method: 'HEAD', key, good: [200, 404] },
        (answer) => {
          answer.cancel();
          return answer.status === 404 ? null : about(answer);
        },
        signal,
      ),
    read: (key, limit, signal) =>
      request(
        { method: 'GET', key, good: [200, 404] },
        async (answer) => {
          if (answer.status === 200) return { ...about(answer), text: await answer.text(limit) };
          // Without the bucket every key is missing: that is not the same as an empty cache.
          const refusal = await readRefusal(answer, `GET ${key} in ${name}`);
          if (refusal.code === 'NoSuchBucket') throw refusal;
          return null;
        },
        signal,
      ),
    put: (key, upload, condition, signal) => {
      const header: Record<string, string> =
        condition === null
          ? {}
          : 'ifMatch' in condition
            ? { 'if-match': condition.ifMatch }
            : { 'if-none-match': condition.ifNoneMatch };
      // 404: what the ETag was of is gone. 409: somebody else is writing it at this moment.
      const good = [200, 201, 204, 404, 409, 412, 501];
      return request(
        { method: 'PUT', key, good, condition: header, upload },
        async (answer) => {
          if (answer.status < 300) {
            answer.cancel();
            return answer.headers['etag'] ?? '';
          }
          const refusal = await readRefusal(answer, `PUT ${key} in ${name}`);
          if (condition !== null && (answer.status === 412 || answer.status === 409)) return null;
          if (condition !== null && 'ifMatch' in condition && answer.status === 404) return null;
          throw refusal;
        },
        signal,
      );
    },
    remove: (key, signal) =>
      request({ method: 'DELETE', key, good: [200, 204, 404] }, (answer) => answer.cancel(), signal),
  };
}
