/**
 * Hundreds of cold jobs with one key on one bucket: machines with nothing on them, in this process, each with a store and transfers of its
 * own, all begun within moments; then once more on a bucket that gives trouble. Upstream has to send one set of files each time, and no
 * job may end with a wrong byte.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { hasServer, type Meddler, openBucketServer } from '../__tests__/store/s3/bucket.js';
import { type Job, openJob } from '../__tests__/store/s3/job.js';
import { startMirror } from '../__tests__/support/mirror.js';
import { sha256 } from '../src/store/s3/sign.js';
import type { IndexFile } from '../src/values/source.js';
import { goal } from './goal.js';

const jobs = Number(process.env['JOBS'] ?? 300);
/** Jobs that read at a time: all are cold and wait together, but one process stands for all of their machines. */
const readers = 6;
/** A wheel set in small: what counts is how often it is sent, not how long that takes. Bytes. */
const sizes = [4_000_000, 1_000_000, 500_000, 250_000, 50_000];
const whole = sizes.reduce((sum, size) => sum + size, 0);

/** A queue with `readers` places: runs `task` when one is free, first come first served. */
function openQueue(): (task: () => Promise<unknown>) => Promise<unknown> {
  let slots: readonly Promise<unknown>[] = Array.from({ length: readers }, () => Promise.resolve());
  return (task) => {
    const [first = Promise.resolve(), ...others] = slots;
    const done = first.then(task);
    slots = [...others, done];
    return done;
  };
}

/** One job on a machine of its own: the lock is waited for or made, then every file is brought. */
async function work(job: Job, files: readonly IndexFile[], inTurn: ReturnType<typeof openQueue>): Promise<void> {
  if ((await job.share.awaitLock(null)) === null) await job.share.storeLock('lock-version = "1.0"\n');
  await inTurn(async () => {
    const brought = await Promise.all(files.map((file) => job.bring(file)));
    if (brought.some(({ sha256 }, index) => sha256 !== files[index]?.sha256)) throw new Error('a wrong file');
    await job.share.close();
    // Otherwise the disk holds hundreds of sets.
    rmSync(job.folder, { recursive: true });
  });
}

async function run(title: string, trouble: (() => Meddler) | null): Promise<void> {
  const place = mkdtempSync(path.join(tmpdir(), 'paddle-mirror-setup-bench-'));
  const contents = Object.fromEntries(
    sizes.map((size, index) => [`part${index}-1.0-py3-none-any.whl`, randomBytes(size)]),
  );
  const bucket = await openBucketServer();
  const mirror = await startMirror({ files: { parts: contents }, bytesPerSecondPerConnection: 2_000_000 });
  const files = Object.entries(contents).map(([filename, bytes]): IndexFile => {
    const hash = { sha256: sha256(bytes), size: bytes.length };
    const url = `${mirror.url}/files/parts/${filename}`;
    const rest = { requiresPython: null, yanked: null, uploadTime: null };
    return { filename, ...hash, hashOrigin: 'official', ...rest, locations: [{ source: 'mirror', url, ...hash }] };
  });
  try {
    bucket.meddle(trouble?.() ?? null);
    const begun = performance.now();
    const times = { beatMs: 15_000, deadMs: 60_000, pollMs: 1_500, waitMs: 600_000 };
    const all = await Promise.all(
      Array.from({ length: jobs }, (_, index) => {
        const folder = path.join(place, String(index));
        mkdirSync(folder);
        return openJob(bucket, folder, { times, backOffMs: 300, patienceMs: 60_000 });
      }),
    );
    const inTurn = openQueue();
    await Promise.all(all.map((job) => work(job, files, inTurn)));
    tell(title, (performance.now() - begun) / 1000, all, bucket.requests, mirror.bytes);
    for (const job of all) await job.close();
  } finally {
    await mirror.close();
    await bucket.close();
    rmSync(place, { recursive: true, force: true });
  }
}

function tell(
  title: string,
  seconds: number,
  all: readonly Job[],
  requests: readonly string[],
  fromMirror: number,
): void {
  const sum = (read: (job: Job) => number): number => all.reduce((total, job) => total + read(job), 0);
  const fromBucket = sum((job) => job.transfers.fetched()['bucket'] ?? 0);
  const leases = all.filter((job) => job.share.report().leased).length;
  const perJob = (pattern: RegExp): string =>
    (requests.filter((request) => pattern.test(request)).length / jobs).toFixed(1);
  console.log(`${title}: ${jobs} jobs, sets of ${whole} bytes, ${seconds.toFixed(1)} s; ${leases} held the lease`);
  console.log(`  from the mirror ${fromMirror} bytes, from the bucket ${fromBucket} bytes`);
  console.log(
    `  requests a job: ${perJob(/^HEAD/)} HEAD, ${perJob(/leases/)} for the lease, ${perJob(/^GET .*wheels/)} reads`,
  );
  goal('bytes from the mirror, in wheel sets', fromMirror / whole, 1.02, '');
  goal('bytes from mirror and bucket, in wheel sets a job', (fromMirror + fromBucket) / whole / jobs, 1.05, '');
  goal('jobs that stored something', all.filter((job) => job.share.report().filesStored > 0).length, 1, '');
  const strays = all.filter((job) => !job.share.report().leased && (job.transfers.fetched()['mirror'] ?? 0) > 0);
  console.log(`  ${strays.length} jobs without the lease asked the mirror`);
  for (const job of strays.slice(0, 5)) {
    console.log(`    for ${job.transfers.fetched()['mirror']} bytes: ${job.log.said.join(' | ')}`);
  }
}

/** What a busy bucket, or one that is started anew, does to those who ask it; all of it passes. */
function passingTrouble(): Meddler {
  let [asked, slowUntil, deadFrom] = [0, 0, Number.POSITIVE_INFINITY];
  const broken = new Map<string, number>();
  /** Whether this is one of the first `count` requests of a kind. */
  const early = (kind: string, count: number): boolean => {
    broken.set(kind, (broken.get(kind) ?? 0) + 1);
    return (broken.get(kind) ?? 0) <= count;
  };
  return ({ method = '', url = '', socket, headers }, response) => {
    asked += 1;
    const [now, key] = [Date.now(), url.replace(/\?.*/, '')];
    const put = method === 'PUT';
    // The crowd that comes all at once is told to slow down, for seconds, from the moment when the lease is to be had.
    if (put && key.includes('/leases/') && slowUntil === 0) slowUntil = now + 5_000;
    // Later the server is gone for seconds, while the holder stores and the others wait.
    if (put && key.includes('part2') && deadFrom === Number.POSITIVE_INFINITY) deadFrom = now;
    const gone = now >= deadFrom && now < deadFrom + 8_000;
    const firstBeat = put && headers['if-match'] !== undefined && early('beat', 1);
    if (gone || firstBeat || (put && key.includes('/wheels/') && early(`put ${key}`, 1))) {
      socket.resetAndDestroy();
      return true;
    }
    const told = now < slowUntil || (asked % 12 === 0 && !put);
    if (told) response.writeHead(503).end('<Error><Code>SlowDown</Code><Message>Reduce your rate.</Message></Error>');
    // Some are never answered.
    return told || (method === 'GET' && key.includes('/wheels/') && asked % 211 === 0);
  };
}

if (!hasServer()) throw new Error('versitygw is not on PATH (scripts/test brings it)');
await run('a bucket that serves', null);
await run('a bucket with passing trouble', passingTrouble);
