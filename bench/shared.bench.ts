/**
 * Hundreds of cold jobs with one key on one bucket: machines with nothing on them, in this process, each with a store and transfers of its
 * own, all begun within moments. Upstream has to send one set of files, and no job may end with a wrong byte.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { hasServer, openBucketServer } from '../__tests__/store/s3/bucket.js';
import { type Job, openJob } from '../__tests__/store/s3/job.js';
import { startMirror } from '../__tests__/support/mirror.js';
import { sha256 } from '../src/store/s3/sign.js';
import type { IndexFile } from '../src/values/source.js';
import { goal } from './goal.js';

const jobs = Number(process.env['JOBS'] ?? 300);
/** Jobs that read at a time: all are cold and wait together, but one process stands for all of their machines. */
const readers = 6;
/** A wheel set in small: what counts is how often it is sent, not how long that takes. Bytes. */
const sizes = [1_000_000, 300_000, 100_000, 30_000, 10_000];

const place = mkdtempSync(path.join(tmpdir(), 'paddle-mirror-setup-bench-'));
const contents = Object.fromEntries(
  sizes.map((size, index) => [`part${index}-1.0-py3-none-any.whl`, randomBytes(size)]),
);
const whole = sizes.reduce((sum, size) => sum + size, 0);

let slots: readonly Promise<unknown>[] = Array.from({ length: readers }, () => Promise.resolve());

/** Runs `task` when one of the slots is free, first come first served. */
function inTurn(task: () => Promise<unknown>): Promise<unknown> {
  const [first = Promise.resolve(), ...others] = slots;
  const done = first.then(task);
  slots = [...others, done];
  return done;
}

/** One job: the lock is waited for or made, then every file is brought. */
async function work(job: Job, files: readonly IndexFile[]): Promise<void> {
  if ((await job.share.awaitLock(null)) === null) await job.share.storeLock('lock-version = "1.0"\n');
  await inTurn(() => Promise.all(files.map((file) => job.bring(file))));
  await job.share.close();
}

if (!hasServer()) throw new Error('versitygw is not on PATH (scripts/test brings it)');
const bucket = await openBucketServer();
const mirror = await startMirror({ files: { parts: contents }, bytesPerSecondPerConnection: 1_000_000 });
const files = Object.entries(contents).map(([filename, bytes]): IndexFile => {
  const hash = { sha256: sha256(bytes), size: bytes.length };
  const url = `${mirror.url}/files/parts/${filename}`;
  const rest = { requiresPython: null, yanked: null, uploadTime: null };
  return { filename, ...hash, hashOrigin: 'official', ...rest, locations: [{ source: 'mirror', url, ...hash }] };
});
try {
  const begun = performance.now();
  const times = { beatMs: 15_000, deadMs: 60_000, pollMs: 1_500, waitMs: 600_000 };
  const all = await Promise.all(
    Array.from({ length: jobs }, (_, index) => {
      const folder = path.join(place, String(index));
      mkdirSync(folder);
      return openJob(bucket, folder, { times });
    }),
  );
  await Promise.all(all.map((job) => work(job, files)));
  const seconds = (performance.now() - begun) / 1000;
  const sum = (read: (job: Job) => number): number => all.reduce((total, job) => total + read(job), 0);
  const fromBucket = sum((job) => job.transfers.fetched()['bucket'] ?? 0);
  const leases = all.filter((job) => job.share.report().leased).length;
  const perJob = (pattern: RegExp): string =>
    (bucket.requests.filter((request) => pattern.test(request)).length / jobs).toFixed(1);
  console.log(
    `${jobs} jobs, ${files.length} files of ${whole} bytes in all, ${seconds.toFixed(1)} s; ${leases} held the lease`,
  );
  console.log(`  from the mirror ${mirror.bytes} bytes, from the bucket ${fromBucket} bytes`);
  console.log(
    `  requests a job: ${perJob(/^HEAD/)} HEAD, ${perJob(/leases/)} for the lease, ${perJob(/^GET .*wheels/)} reads`,
  );
  goal('bytes from the mirror, in wheel sets', mirror.bytes / whole, 1, '');
  goal('bytes from mirror and bucket, in wheel sets a job', (mirror.bytes + fromBucket) / whole / jobs, 1.05, '');
  goal('jobs that stored something', all.filter((job) => job.share.report().filesStored > 0).length, 1, '');
  const strays = all.filter((job) => !job.share.report().leased && (job.transfers.fetched()['mirror'] ?? 0) > 0);
  for (const job of strays.slice(0, 5)) {
    console.log(
      `  ${job.transfers.fetched()['mirror']} bytes from the mirror without the lease: ${job.log.said.join(' | ')}`,
    );
  }
  for (const job of all) await job.close();
} finally {
  await mirror.close();
  await bucket.close();
  rmSync(place, { recursive: true, force: true });
}
