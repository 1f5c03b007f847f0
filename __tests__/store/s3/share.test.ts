import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { lookAtLease, takeLease } from '../../../src/store/s3/lease.js';
import { textUpload } from '../../../src/store/s3/objects.js';
import { sha256 } from '../../../src/store/s3/sign.js';
import { wheelKey } from '../../../src/store/s3/write-once.js';
import type { IndexFile } from '../../../src/values/source.js';
import { type Mirror, startMirror } from '../../support/mirror.js';
import { hasServer, openBucketServer, type TestBucket } from './bucket.js';
import { brisk, type Job, openJob } from './job.js';

const filename = 'thing-1.0-py3-none-any.whl';
const bytes = randomBytes(3 * 2 ** 20);
const key = wheelKey(sha256(bytes), filename);

(hasServer() ? describe : describe.skip)('jobs that share a bucket', () => {
  let bucket: TestBucket;
  let mirror: Mirror;
  let file: IndexFile;
  let jobs: Job[] = [];
  const root = mkdtempSync(join(tmpdir(), 's3-jobs-'));

  const job = async (options: Parameters<typeof openJob>[2] = {}): Promise<Job> => {
    const opened = await openJob(bucket, mkdtempSync(join(root, 'job-')), options);
    jobs.push(opened);
    return opened;
  };

  beforeAll(async () => {
    bucket = await openBucketServer();
  });
  afterEach(async () => {
    bucket.meddle(null);
    await Promise.all(jobs.map((one) => one.close()));
    jobs = [];
    for (const left of bucket.keys()) bucket.remove(left);
    await mirror.close();
  });
  afterAll(async () => {
    await bucket.close();
    rmSync(root, { recursive: true, force: true });
  });

  /** The mirror of a test, and the file as its page lists it. */
  async function open(bytesPerSecondPerConnection?: number): Promise<void> {
    const speed = bytesPerSecondPerConnection === undefined ? {} : { bytesPerSecondPerConnection };
    mirror = await startMirror({ files: { thing: { [filename]: bytes } }, ...speed });
    const url = `${mirror.url}/files/thing/${filename}`;
    file = {
      filename,
      sha256: sha256(bytes),
      hashOrigin: 'official',
      size: bytes.length,
      requiresPython: null,
      yanked: null,
      uploadTime: null,
      locations: [{ source: 'mirror', url, sha256: sha256(bytes), size: bytes.length }],
    };
  }

  test('the first stores what it brought, the second takes it from there and asks no mirror', async () => {
    await open();
    const first = await job();
    await first.bring(file);
    await first.share.close();
    expect(bucket.keys()).toEqual([key]);
    expect(first.share.report()).toMatchObject({ filesStored: 1, bytesStored: bytes.length, leased: true });
    const second = await job();
    expect((await second.bring(file)).sha256).toBe(file.sha256);
    expect(mirror.bytes).toBe(bytes.length);
    expect(second.transfers.fetched()).toEqual({ bucket: bytes.length });
    expect([...first.log.said, ...second.log.said].join('\n')).not.toContain('Signature=');
  });

  test('what is offered again while it is being stored is sent once', async () => {
    await open();
    const one = await job();
    let puts = 0;
    bucket.meddle(({ method, url = '' }) => {
      if (method === 'PUT' && url.includes('/wheels/')) puts += 1;
      return false;
    });
    const stored = await one.bring(file);
    expect(await one.share.has({ sha256: file.sha256 ?? '', filename })).toBe(true);
    one.share.offer(stored, false);
    await one.share.close();
    expect([puts, bucket.keys()]).toEqual([1, [key]]);
  });

  test('twelve that are cold at the same time make one download', async () => {
    await open(4_000_000);
    const all = await Promise.all(Array.from({ length: 12 }, () => job()));
    await Promise.all(all.map(async (one) => expect((await one.bring(file)).sha256).toBe(file.sha256)));
    await Promise.all(all.map((one) => one.share.close()));
    // What is under way on a connection when its rest is given to another one comes twice; a second download would be all of it.
    expect(mirror.bytes).toBeLessThan(bytes.length * 1.25);
    expect(all.filter((one) => one.share.report().leased)).toHaveLength(1);
    expect(bucket.keys()).toEqual([key]);
  });

  test('a holder that died is replaced by one of those who wait', async () => {
    await open();
    const dead = await job();
    await dead.objects.put(
      'leases/KEY.json',
      textUpload('{"schema":1,"arrived":[]}'),
      null,
      new AbortController().signal,
    );
    bucket.age('leases/KEY.json', 600);
    const all = await Promise.all([job(), job(), job()]);
    await Promise.all(all.map((one) => one.bring(file)));
    expect(mirror.bytes).toBe(bytes.length);
    expect(all.filter((one) => one.share.report().leased)).toHaveLength(1);
  });

  test('a holder that lives and brings nothing is waited for no longer than the limit', async () => {
    await open();
    const holder = await job();
    const { signal } = new AbortController();
    const free = await lookAtLease(holder.objects, 'leases/KEY.json', brisk, signal);
    const lease = await takeLease(holder.objects, 'leases/KEY.json', free, brisk, holder.log, signal);
    const waiting = await job({ times: { waitMs: 400 } });
    expect((await waiting.bring(file)).sha256).toBe(file.sha256);
    expect(waiting.share.report()).toMatchObject({ leased: false });
    expect(waiting.share.report().waitedMs).toBeGreaterThanOrEqual(400);
    await lease?.release();
    expect(bucket.keys()).not.toContain('leases/KEY.json');
  });

  test('a holder that slept while another took its place leaves the lease of that one alone', async () => {
    await open();
    const { objects, log } = await job();
    const { signal } = new AbortController();
    const free = await lookAtLease(objects, 'leases/KEY.json', brisk, signal);
    const asleep = await takeLease(objects, 'leases/KEY.json', free, { ...brisk, beatMs: 60_000 }, log, signal);
    await objects.put('leases/KEY.json', textUpload('of another holder'), null, signal);
    await asleep?.release();
    expect(await objects.read('leases/KEY.json', 1000, signal)).toMatchObject({ text: 'of another holder' });
  });

  test.each([
    ['of the right length', randomBytes(bytes.length)],
    ['of another length', randomBytes(1000)],
  ])('an object with wrong bytes %s costs time, and is replaced', async (_name, wrong) => {
    await open();
    bucket.plant(key, wrong);
    const one = await job();
    expect((await one.bring(file)).sha256).toBe(file.sha256);
    await one.share.close();
    expect(one.share.report()).toMatchObject({ filesStored: 1, filesReplaced: 1 });
    const next = await job();
    await next.bring(file);
    expect(next.transfers.fetched()).toEqual({ bucket: bytes.length });
  });

  test('where the bucket breaks off, mirrors go on in the same transfer', async () => {
    await open();
    bucket.plant(key, bytes);
    let sent = 0;
    bucket.meddle((request, response) => {
      if (request.method !== 'GET' || !request.url?.includes('wheels')) return false;
      sent += 1;
      if (sent > 3) {
        response.socket?.resetAndDestroy();
        return true;
      }
      return false;
    });
    const one = await job();
    expect((await one.bring(file)).sha256).toBe(file.sha256);
    const fetched = one.transfers.fetched();
    expect(fetched['bucket']).toBeGreaterThan(0);
    expect(fetched['mirror']).toBeGreaterThan(0);
  });

  test('where the bucket is far slower than a mirror turns out to be, mirrors take part', async () => {
    await open();
    bucket.plant(key, bytes);
    bucket.meddle(({ method, headers }, response) => {
      const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
      if (method !== 'GET' || from === undefined) return false;
      const part = bytes.subarray(Number(from), to ? Number(to) + 1 : undefined);
      const range = `bytes ${from}-${Number(from) + part.length - 1}/${bytes.length}`;
      response.writeHead(206, { 'content-range': range, 'content-length': part.length, etag: '"one"' });
      let at = 0;
      const timer = setInterval(() => {
        response.write(part.subarray(at, at + 2_500));
        at += 2_500;
        if (at >= part.length) response.end();
      }, 100);
      response.once('close', () => clearInterval(timer));
      return true;
    });
    const one = await job();
    expect((await one.bring(file)).sha256).toBe(file.sha256);
    const { bucket: slow = 0, mirror: quick = 0 } = one.transfers.fetched();
    expect(slow).toBeGreaterThan(0);
    expect(quick).toBeGreaterThan(slow);
    expect(one.transfers.faults().filter(({ kind }) => kind !== 'slow')).toEqual([]);
  });

  test('an object that changes while it is read is not mixed with itself', async () => {
    await open();
    bucket.plant(key, bytes);
    let gets = 0;
    bucket.meddle(({ method }) => {
      if (method === 'GET') gets += 1;
      if (gets === 3) bucket.plant(key, randomBytes(bytes.length));
      return false;
    });
    const one = await job();
    expect((await one.bring(file)).sha256).toBe(file.sha256);
    expect(
      one.transfers
        .faults()
        .map(({ detail }) => detail)
        .join(),
    ).toMatch(/replaced while it was read|sha256/);
  });

  test('a bucket that refuses everything is said once, and the run goes on without it', async () => {
    await open();
    bucket.meddle((_request, response) => {
      response.writeHead(403).end('<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>');
      return true;
    });
    const one = await job();
    expect((await one.bring(file)).sha256).toBe(file.sha256);
    await one.share.close();
    const told = one.log.said.filter((text) => text.includes('not read any further'));
    expect(told).toEqual([expect.stringMatching(/403.*docs\/s3\.md/s)]);
  });

  test('a job that may not write reads, waits for others and stores nothing', async () => {
    await open(4_000_000);
    const [writer, reader] = [await job(), await job({ mayWrite: false })];
    const brought = writer.bring(file);
    while (!bucket.keys().includes('leases/KEY.json')) await new Promise((resolve) => setTimeout(resolve, 5));
    await Promise.all([brought, reader.bring(file)]);
    expect(reader.transfers.fetched()).toEqual({ bucket: bytes.length });
    await writer.share.close();
    bucket.remove(key);
    const alone = await job({ mayWrite: false });
    await alone.bring(file);
    await alone.share.close();
    expect(bucket.keys()).toEqual([]);
  });

  test('nothing of a signature is left beside an unfinished file', async () => {
    await open();
    bucket.plant(key, bytes);
    bucket.meddle(({ method }, response) => {
      if (method !== 'GET') return false;
      response.writeHead(206, { 'content-range': `bytes 0-${bytes.length - 1}/${bytes.length}`, etag: '"x"' });
      response.write(bytes.subarray(0, 2 ** 20));
      return true;
    });
    const one = await job();
    const bringing = one.bring(file).catch(() => null);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await one.close();
    await bringing;
    const names = readdirSync(one.folder, { recursive: true, encoding: 'utf8' });
    expect(names.some((name) => name.includes('partial'))).toBe(true);
    expect(one.texts().join('\n')).not.toMatch(/X-Amz|Signature/);
  });
});
