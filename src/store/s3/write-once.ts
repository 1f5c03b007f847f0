import { createReadStream } from 'node:fs';
import type { StoredFile } from '../../values/gateway.js';
import type { Condition, S3Objects, Upload } from './objects.js';
import { S3Refusal } from './refusal.js';

/** The largest object that one request can put (Amazon S3, "Uploading objects"), bytes. */
const LARGEST = 5 * 2 ** 30;

/** What became of a file: put by us, or there already. */
export type Written = 'stored' | 'there';

/** Key of a file: its content, then its name. */
export function wheelKey(sha256: string, filename: string): string {
  return `wheels/${sha256}/${filename}`;
}

function uploadOf(file: StoredFile, sent: (bytes: number) => void): Upload {
  return {
    size: file.size,
    sha256: file.sha256,
    bytes: async function* () {
      let bytes = 0;
      for await (const piece of createReadStream(file.path, { highWaterMark: 2 ** 18 }) as AsyncIterable<Buffer>) {
        bytes += piece.length;
        sent(bytes);
        yield piece;
      }
    },
  };
}

/** Puts under a condition; a server that knows none (501: Aliyun OSS, older ones) is given it without. */
export async function putIf(
  objects: S3Objects,
  key: string,
  upload: Upload,
  condition: NonNullable<Condition>,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    return await objects.put(key, upload, condition, signal);
  } catch (error) {
    if (!(error instanceof S3Refusal) || error.status !== 501) throw error;
    return objects.put(key, upload, null, signal);
  }
}

/**
 * Stores a file under its hash, once however many try: looked for first; a refusal by the condition means that somebody else was
 * first, and so does a connection that broke where the file is there afterwards (a server need not read what it refuses). `wrong`: the
 * object that is there was seen to hold other bytes, so it is replaced, if it is still the same one. Throws S3Refusal; `sent` is told of
 * the bytes that went out.
 */
export async function writeOnce(
  objects: S3Objects,
  key: string,
  file: StoredFile,
  wrong: boolean,
  signal: AbortSignal,
  sent: (bytes: number) => void = () => undefined,
): Promise<Written> {
  if (file.size > LARGEST) throw new S3Refusal(0, '', `${key} is larger than one request may put`, 'Leave it out.');
  const upload = uploadOf(file, sent);
  const again = objects.begin(signal);
  for (;;) {
    const found = await objects.head(key, signal);
    if (found !== null && found.size === file.size && !wrong) return 'there';
    try {
      const condition = found === null ? { ifNoneMatch: '*' as const } : { ifMatch: found.etag };
      return (await putIf(objects, key, upload, condition, signal)) === null ? 'there' : 'stored';
    } catch (error) {
      if (!(error instanceof S3Refusal) || error.status !== 0) throw error;
      const after = await objects.head(key, signal);
      if (after !== null && after.size === file.size && after.etag !== found?.etag) return 'there';
      if (!(await again(error))) throw error;
    }
  }
}
