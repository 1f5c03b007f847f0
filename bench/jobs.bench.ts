/**
 * Jobs of one host that begin at once with an empty store in common, against one job alone: real PaddlePaddle from a mirror on loopback
 * that is shaped per connection, so that the download is what takes the time. Each job makes an environment of its own.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startMirror } from '../__tests__/support/mirror.js';
import { contestants } from './contestants.js';
import { goal } from './goal.js';
import { timed } from './stopwatch.js';
import { getWheels } from './wheels.js';

const version = '3.2.2';
const many = Number(process.env['JOBS'] ?? 32);
/** 16 connections bring the 217 MB in some 14 s. */
const bytesPerSecondPerConnection = 1_000_000;

const python = execFileSync(process.env['PYTHON'] ?? 'python3', ['-c', 'import sys; print(sys.executable)'], {
  encoding: 'utf8',
}).trim();
const wheels = getWheels(python, [`paddlepaddle==${version}`, 'setuptools']);
const [ours] = contestants.filter(({ name }) => name === 'ours');

/** What a crowd of jobs took. Times in ms since it began. */
interface Crowd {
  readonly ms: number;
  /** When the mirror had sent the first and the last megabyte of files. */
  readonly firstMs: number;
  readonly arrivedMs: number;
  readonly bytes: number;
}

async function crowd(size: number): Promise<Crowd> {
  const place = mkdtempSync(path.join(tmpdir(), 'paddle-mirror-setup-bench-'));
  const mirror = await startMirror({ files: wheels.files, metadata: wheels.metadata, bytesPerSecondPerConnection });
  const paddle = await startMirror({ files: {}, paddle: true });
  const start = performance.now();
  let seen = 0;
  let [firstMs, arrivedMs] = [0, 0];
  const watch = setInterval(() => {
    if (mirror.bytes === seen) return;
    seen = mirror.bytes;
    arrivedMs = performance.now() - start;
    if (firstMs === 0 && seen > 1e6) firstMs = arrivedMs;
  }, 20);
  try {
    const folders = Array.from({ length: size }, (_, at) => path.join(place, `job-${at}`));
    await Promise.all(
      folders.map((folder) => {
        mkdirSync(folder);
        const common = { python, uv: wheels.uv, index: mirror.index, paddleIndex: paddle.index, version };
        const commands = ours?.install({ ...common, folder, cache: path.join(place, 'cache') }, true) ?? [];
        return timed(commands);
      }),
    );
    const ms = performance.now() - start;
    return { ms, firstMs, arrivedMs, bytes: mirror.bytes };
  } finally {
    clearInterval(watch);
    await mirror.close();
    await paddle.close();
    rmSync(place, { recursive: true, force: true });
  }
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

function show(size: number, { ms, firstMs, arrivedMs, bytes }: Crowd): void {
  console.log(
    `${size} jobs: the first megabyte after ${seconds(firstMs)}, the last byte after ${seconds(arrivedMs)}, all done after ${seconds(ms)}, ${bytes} bytes from the mirror`,
  );
}

const alone = await crowd(1);
show(1, alone);
const together = await crowd(many);
show(many, together);
goal('bytes from the mirror, against one job', together.bytes / alone.bytes, 1, '');
const transfer = ({ firstMs, arrivedMs }: Crowd) => arrivedMs - firstMs;
goal('time of the download, against one job', transfer(together) / transfer(alone), 1.3, '');
console.log(`  from the start to the last byte: ${(together.arrivedMs / alone.arrivedMs).toFixed(2)} of one job`);
