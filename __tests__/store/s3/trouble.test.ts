import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sha256 } from '../../../src/store/s3/sign.js';
import { wheelKey } from '../../../src/store/s3/write-once.js';
import type { IndexFile } from '../../../src/values/source.js';
import { type Mirror, startMirror } from '../../support/mirror.js';
import { hasServer, type Meddler, openBucketServer, type TestBucket } from './bucket.js';
import { type Job, openJob } from './job.js';

const contents = {
  'big-1.0-py3-none-any.whl': randomBytes(2 ** 21),
  'small-1.0-py3-none-any.whl': randomBytes(2 ** 18),
};
const [big, small] = Object.values(contents).map((bytes) => bytes.length) as [number, number];

const slowDown: Meddler = (_request, response) => {
  response.writeHead(503).end('<Error><Code>SlowDown</Code><Message>Reduce your rate.</Message></Error>');
  return true;
};
const breakOff: Meddler = ({ socket }) => {
  socket.resetAndDestroy();
  return true;
};
const deny: Meddler = (_request, response) => {
  response.writeHead(403).end('<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>');
  return true;
};

(hasServer() ? describe : describe.skip)('a bucket in trouble', () => {
  let bucket: TestBucket;
  let mirror: Mirror;
  let files: [IndexFile, IndexFile];
  let jobs: Job[] = [];
  const root = mkdtempSync(join(tmpdir(), 's3-trouble-'));

  const job = async (options: Parameters<typeof openJob>[2] = {}): Promise<Job> => {
    const opened = await openJob(bucket, mkdtempSync(join(root, 'job-')), options);
    jobs.push(opened);
    return opened;
  };
  const work = async (one: Job): Promise<void> => {
    for (const file of files) expect((await one.bring(file)).sha256).toBe(file.sha256);
    await one.share.close();
  };
  /** Has `trouble` meet the requests that `of` picks, for `ms` from the first of them on. */
  const meet = (of: (request: IncomingMessage) => boolean, ms: number, trouble: Meddler): void => {
    let until = 0;
    bucket.meddle((request, response) => {
      if (until === 0 && of(request)) until = Date.now() + ms;
      return Date.now() < until && trouble(request, response);
    });
  };
  const puts =
    (part: string) =>
    ({ method, url = '' }: IncomingMessage): boolean =>
      method === 'PUT' && url.includes(part);
  const fill = (): void => {
    for (const [name, bytes] of Object.entries(contents)) bucket.plant(wheelKey(sha256(bytes), name), bytes);
  };
  const told = (): string => jobs.flatMap((one) => one.log.said).join('\n');

  beforeAll(async () => {
    bucket = await openBucketServer();
  });
  beforeEach(async () => {
    mirror = await startMirror({ files: { thing: contents } });
    files = Object.entries(contents).map(([filename, bytes]): IndexFile => {
      const hash = { sha256: sha256(bytes), size: bytes.length };
      const location = { source: 'mirror', url: `${mirror.url}/files/thing/${filename}`, ...hash };
      const rest = { requiresPython: null, yanked: null, uploadTime: null };
      return { filename, ...hash, hashOrigin: 'official', ...rest, locations: [location] };
    }) as [IndexFile, IndexFile];
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

  test.each([
    ['says to slow down while the lease is to be had', '/leases/', slowDown],
    ['is gone for a while as the first file is stored', '/wheels/', breakOff],
  ])('that %s costs a crowd no second download', async (_name, part, trouble) => {
    meet(puts(part), 1_500, trouble);
    const crowd = await Promise.all(Array.from({ length: 6 }, () => job()));
    await Promise.all(crowd.map(work));
    expect(told()).not.toMatch(/not read any further|Nothing more is stored/);
    // What is under way on a connection when its rest is given to another one comes twice; a second download would be all of it.
    expect(mirror.bytes).toBeLessThan((big + small) * 1.3);
    expect(crowd.filter((one) => one.share.report().leased)).toHaveLength(1);
  });

  test('that tells a new job to slow down and then breaks off for a while is not left by it', async () => {
    fill();
    let asked = 0;
    bucket.meddle((request, response) => {
      asked += 1;
      return asked === 1 ? slowDown(request, response) : asked < 8 && breakOff(request, response);
    });
    await work(await job());
    expect(mirror.bytes).toBe(0);
  });

  test('in the middle of a file is waited for, and mirrors are not asked', async () => {
    fill();
    let reads = 0;
    bucket.meddle((request, response) => {
      reads += request.method === 'GET' && request.url?.includes('/wheels/') ? 1 : 0;
      const trouble = reads % 2 === 0 ? slowDown : breakOff;
      return reads > 2 && reads < 6 && trouble(request, response);
    });
    await work(await job());
    expect(mirror.bytes).toBe(0);
  });

  test('whose answer was lost once the lease was taken leaves the lease with who took it', async () => {
    let lost = 0;
    bucket.meddle((request, response) => {
      if (!puts('/leases/')(request) || lost > 0) return false;
      lost += 1;
      const writeHead = response.writeHead.bind(response);
      response.writeHead = () => writeHead(500);
      return false;
    });
    const one = await job();
    await work(one);
    expect(one.share.report()).toMatchObject({ leased: true, waitedMs: 0 });
  });

  test('that takes no file has the others go on at once: the lease is given up', async () => {
    bucket.meddle((request, response) => puts('/wheels/')(request) && deny(request, response));
    const one = await job();
    await one.bring(files[0]);
    while (bucket.keys().length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(told()).toMatch(/Nothing more is stored.*403.*docs\/s3\.md/s);
  });

  test('that breaks off whatever is put is read, and the run goes on', async () => {
    bucket.meddle((request, response) => request.method === 'PUT' && breakOff(request, response));
    await work(await job({ patienceMs: 500 }));
    expect(told()).toMatch(/Nothing more is stored/);
    expect(mirror.bytes).toBeGreaterThanOrEqual(big + small);
  });

  test('that went away for good is left after a while, which is said', async () => {
    fill();
    const one = await job({ patienceMs: 500 });
    await one.bring(files[0]);
    bucket.meddle(breakOff);
    await one.bring(files[1]);
    await one.share.close();
    // The bucket may have sent the end of its last file twice, to a connection that was slower than another one.
    expect(one.transfers.fetched()).toEqual({ bucket: expect.any(Number), mirror: small });
    expect(told()).toMatch(/not read any further: .*ECONNRESET\)\. Check/);
  });

  test('with wrong bytes in one object is read for the others', async () => {
    fill();
    bucket.plant(wheelKey(files[0].sha256 ?? '', files[0].filename), randomBytes(big));
    const one = await job();
    await work(one);
    // A range may come twice where its connection was slower than another one would be.
    expect(one.transfers.fetched()['mirror']).toBeGreaterThanOrEqual(big);
    expect(one.transfers.fetched()['mirror']).toBeLessThan(big * 1.5);
    expect(one.share.report()).toMatchObject({ filesReplaced: 1 });
  });
});
