import { type HttpAnswer, type HttpClient, HttpFault } from '../../values/http.js';
import { maskUrl } from '../../values/mask.js';
import type { S3Objects } from './objects.js';
import { readRefusal, type S3Refusal } from './refusal.js';

/** What the first answer about an object said of it. */
interface Seen {
  readonly etag: string;
  readonly total: string;
}

function seen({ headers, status }: HttpAnswer): Seen {
  const total = status === 206 ? headers['content-range']?.replace(/^.*\//, '') : headers['content-length'];
  return { etag: headers['etag'] ?? '', total: total ?? '' };
}

/**
 * The client of a run, which reads objects too: whoever asks for an object's plain address is given its bytes through an address that is
 * signed for this one request, so that no other part of the program ever holds one. The first answer says which object it is; a later
 * one of another (its ETag or length differ; servers ignore If-Range here) is refused. After 403 it is signed once more, with the
 * store's clock; `refused` is told of what the store says then. Requests to anywhere else pass through.
 */
export function readThrough(client: HttpClient, objects: S3Objects, refused: (refusal: S3Refusal) => void): HttpClient {
  const base = objects.address('wheels');
  const known = new Map<string, Seen>();
  return {
    close: client.close,
    async request(wanted) {
      if (!wanted.url.startsWith(`${base}/`)) return client.request(wanted);
      const ask = async (): Promise<HttpAnswer> =>
        client.request({ ...wanted, url: await objects.presign(wanted.url) });
      const signedWith = objects.clockOffset();
      let answer = await ask();
      if (answer.status === 403 && objects.setClock(answer.headers, signedWith)) {
        answer.cancel();
        answer = await ask();
      }
      if (answer.status === 403) refused(await readRefusal(answer, `GET ${maskUrl(wanted.url)}`));
      if (answer.status === 200 || answer.status === 206) {
        const first = known.get(wanted.url) ?? seen(answer);
        known.set(wanted.url, first);
        const now = seen(answer);
        if (now.etag !== first.etag || now.total !== first.total) {
          answer.cancel();
          throw new HttpFault('malformed', `${maskUrl(wanted.url)}: the object was replaced while it was read.`, null);
        }
      }
      return { ...answer, url: wanted.url };
    },
  };
}
