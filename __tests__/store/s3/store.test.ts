import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createClient } from '../../../src/net/client.js';
import { openObjects, type S3Objects, textUpload } from '../../../src/store/s3/objects.js';
import { readThrough } from '../../../src/store/s3/reader.js';
import { S3Refusal } from '../../../src/store/s3/refusal.js';
import { sha256 } from '../../../src/store/s3/sign.js';
import { wheelKey, writeOnce } from '../../../src/store/s3/write-once.js';
import type { StoredFile } from '../../../src/values/gateway.js';
import { hasServer, keys, listeningLog, openBucketServer, type TestBucket } from './bucket.js';

const never = new AbortController().signal;
const filename = 'thing-1.0+local-py3-none-any.whl';
const network = { httpsProxy: null, httpProxy: null, noProxy: [], caFiles: [] };

(hasServer() ? describe : describe.skip)('a bucket on a server that checks signatures', () => {
  const log = listeningLog();
  const client = createClient({ network, version: '0.0.0', log });
  const folder = mkdtempSync(join(tmpdir(), 's3-files-'));
  let bucket: TestBucket;
  let objects: S3Objects;

  const open = (secretAccessKey = keys.secretAccessKey): S3Objects =>
    openObjects({
      client,
      place: bucket.place,
      region: 'us-east-1',
      keys: () => Promise.resolve({ ...keys, secretAccessKey }),
      log,
      backOffMs: 5,
      patienceMs: 2_000,
    });

  /** A file of the local store. */
  function stored(bytes: Buffer): StoredFile {
    const path = join(folder, filename);
    writeFileSync(path, bytes);
    return { path, sha256: sha256(bytes), size: bytes.length };
  }

  async function contentOf(key: string): Promise<Buffer> {
    const answer = await fetch(await objects.presign(objects.address(key)));
    return Buffer.from(await answer.arrayBuffer());
  }

  beforeAll(async () => {
    bucket = await openBucketServer();
  });
  afterEach(() => {
    bucket.meddle(null);
    for (const key of bucket.keys()) bucket.remove(key);
  });
  afterAll(async () => {
    await bucket.close();
    await client.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('keeps what it is given, and says what is missing', async () => {
    objects = open();
    expect(await objects.head('locks/none', never)).toBeNull();
    expect(await objects.read('locks/none', 100, never)).toBeNull();
    expect(await objects.put('locks/a b+c', textUpload('text'), null, never)).not.toBeNull();
    const found = await objects.read('locks/a b+c', 100, never);
    expect(found).toMatchObject({ text: 'text', size: 4 });
    expect(found?.ageMs).toBeLessThan(60_000);
    await objects.remove('locks/a b+c', never);
    expect(await objects.head('locks/a b+c', never)).toBeNull();
  });

  test('takes a file once: of twenty that race, one stores it', async () => {
    objects = open();
    const file = stored(randomBytes(2 ** 21));
    const key = wheelKey(file.sha256, filename);
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => writeOnce(objects, key, file, false, never)));
    expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(1);
    expect(sha256(await contentOf(key))).toBe(file.sha256);
    const before = bucket.requests.length;
    expect(await writeOnce(objects, key, file, false, never)).toBe('there');
    expect(bucket.requests.slice(before)).toEqual([expect.stringMatching(/^HEAD /)]);
  });

  test('refuses bytes that are not those of the hash', async () => {
    objects = open();
    const file = stored(randomBytes(2 ** 16));
    writeFileSync(file.path, randomBytes(2 ** 16));
    await expect(writeOnce(objects, wheelKey(file.sha256, filename), file, false, never)).rejects.toThrow(S3Refusal);
    expect(bucket.keys()).toEqual([]);
  });

  test('has an object with other bytes replaced, and one of another length', async () => {
    objects = open();
    const file = stored(randomBytes(2 ** 16));
    const key = wheelKey(file.sha256, filename);
    const other = randomBytes(2 ** 16);
    await objects.put(key, { size: other.length, sha256: sha256(other), bytes: () => other }, null, never);
    const conditions: (string | undefined)[] = [];
    bucket.meddle(({ method, headers }) => {
      if (method === 'PUT') conditions.push(headers['if-match']);
      return false;
    });
    const wrong = (await objects.head(key, never))?.etag ?? '';
    expect(await writeOnce(objects, key, file, true, never)).toBe('stored');
    expect(conditions).toEqual([wrong]);
    // Who saw the wrong bytes as well comes too late to replace anything.
    expect(await objects.put(key, textUpload('late'), { ifMatch: wrong }, never)).toBeNull();
    expect(sha256(await contentOf(key))).toBe(file.sha256);
    bucket.plant(key, 'short');
    expect(await writeOnce(objects, key, file, false, never)).toBe('stored');
    expect(sha256(await contentOf(key))).toBe(file.sha256);
  });

  test('a server without conditions is given the file without one', async () => {
    objects = open();
    const file = stored(randomBytes(2 ** 16));
    bucket.meddle(({ headers }, response) => {
      if (headers['if-none-match'] === undefined) return false;
      response.writeHead(501, { 'content-type': 'application/xml' });
      response.end('<Error><Code>NotImplemented</Code><Message>no</Message></Error>');
      return true;
    });
    expect(await writeOnce(objects, wheelKey(file.sha256, filename), file, false, never)).toBe('stored');
  });

  test('a put that breaks off where somebody else was first is a success', async () => {
    objects = open();
    const file = stored(randomBytes(2 ** 18));
    const key = wheelKey(file.sha256, filename);
    bucket.meddle((request, response) => {
      if (request.method !== 'PUT') return false;
      bucket.plant(key, Buffer.from(randomBytes(file.size)));
      response.socket?.resetAndDestroy();
      return true;
    });
    expect(await writeOnce(objects, key, file, false, never)).toBe('there');
  });

  test('a put that breaks off, and left nothing, is tried again', async () => {
    objects = open();
    const file = stored(randomBytes(2 ** 18));
    let broken = 0;
    bucket.meddle((request, response) => {
      if (request.method !== 'PUT' || broken > 0) return false;
      broken += 1;
      response.socket?.resetAndDestroy();
      return true;
    });
    expect(await writeOnce(objects, wheelKey(file.sha256, filename), file, false, never)).toBe('stored');
  });

  test('is asked again when it says to slow down, and given up when it goes on saying so', async () => {
    objects = open();
    let refusals = 2;
    bucket.meddle((_request, response) => {
      refusals -= 1;
      if (refusals < 0) return false;
      response.writeHead(503).end('<Error><Code>SlowDown</Code><Message>Reduce your rate.</Message></Error>');
      return true;
    });
    expect(await objects.read('locks/none', 100, never)).toBeNull();
    refusals = 100;
    await expect(objects.read('locks/none', 100, never)).rejects.toMatchObject({ status: 503, code: 'SlowDown' });
  });

  test('an answer that breaks off is a refusal like any other, so that the run goes on without the bucket', async () => {
    objects = open();
    bucket.meddle((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
      return true;
    });
    const read = objects.read('locks/k', 1000, never);
    await expect(read).rejects.toBeInstanceOf(S3Refusal);
    await expect(read).rejects.toMatchObject({ status: 0 });
  });

  test('a wrong clock of this machine is corrected by the server’s', async () => {
    objects = open();
    await objects.put('locks/k', textUpload('text'), null, never);
    const real = Date.now;
    try {
      Date.now = () => real() - 3 * 3_600_000;
      const wrong = open();
      const read = () => wrong.read('locks/k', 100, never);
      expect(await Promise.all([read(), read(), read()])).toEqual(
        Array(3).fill(expect.objectContaining({ text: 'text' })),
      );
    } finally {
      Date.now = real;
    }
  });

  test('an address that the server takes for too old is signed once more, by its clock, and by wrong keys never', async () => {
    objects = open();
    const key = `wheels/${'0'.repeat(64)}/${filename}`;
    await objects.put(key, textUpload('bytes'), null, never);
    const ask = async (behind: number, secret?: string, times = 1): Promise<readonly number[]> => {
      const [real, before] = [Date.now, bucket.requests.length];
      try {
        Date.now = () => real() + behind;
        const limits = { connectMs: 5000, headersMs: 5000, stallMs: 5000 };
        const told: string[] = [];
        const reader = readThrough(client, open(secret), ({ code }) => told.push(code));
        const read = async (): Promise<number> => {
          const answer = await reader.request({
            url: objects.address(key),
            headers: {},
            method: 'GET',
            ...limits,
            signal: never,
          });
          expect(answer.url).toBe(objects.address(key));
          if (answer.status === 200) await answer.text(2 ** 16);
          return answer.status;
        };
        const statuses = await Promise.all(Array.from({ length: times }, read));
        expect(told).toEqual(statuses.filter((status) => status === 403).map(() => 'SignatureDoesNotMatch'));
        return [...statuses, bucket.requests.length - before];
      } finally {
        Date.now = real;
      }
    };
    expect(await ask(0)).toEqual([200, 1]);
    expect(await ask(-3 * 3_600_000)).toEqual([200, 2]);
    expect(await ask(-3 * 3_600_000, undefined, 3)).toEqual([200, 200, 200, 6]);
    expect(await ask(0, 'another-secret')).toEqual([403, 1]);
  });

  test('wrong keys and a missing bucket are told apart, with what to do and without a secret', async () => {
    const wrong = open('another-secret');
    const refusal = await wrong.read('locks/k', 100, never).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ status: 403, code: 'SignatureDoesNotMatch' });
    expect(refusal).toMatchObject({ remedy: 'Check the keys that this job is given.' });
    expect(String(refusal)).not.toContain('Signature=');
    const place = { ...bucket.place, bucket: 'not-there' };
    const elsewhere = openObjects({ client, place, region: 'us-east-1', keys: () => Promise.resolve(keys), log });
    await expect(elsewhere.read('locks/k', 100, never)).rejects.toMatchObject({ code: 'NoSuchBucket' });
  });
});
