/**
 * GitHub's cache against a mirror: the real wheels of PaddlePaddle, restored from a cache service on loopback and downloaded from a mirror,
 * both at the same bandwidth, by the built action on a machine that is new for every job. `--rate MB` sets the bandwidth (MB/s).
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startCacheService } from '../__tests__/support/cache-service.js';
import { startMirror } from '../__tests__/support/mirror.js';
import { startJob } from '../__tests__/support/runner.js';
import type { Report } from '../src/values/report.js';
import { getWheels } from './wheels.js';

const version = '3.2.2';
const { values } = parseArgs({ args: process.argv.slice(3), options: { rate: { type: 'string', default: '50' } } });
const rate = Number(values.rate) * 1e6;
/** Connections that a mirror gets at most: together they have the bandwidth. */
const connections = 16;

const python = execFileSync(process.env['PYTHON'] ?? 'python3', ['-c', 'import sys; print(sys.executable)'], {
  encoding: 'utf8',
}).trim();
const wheels = getWheels(python, [`paddlepaddle==${version}`, 'setuptools']);
const place = mkdtempSync(path.join(tmpdir(), 'paddle-mirror-setup-bench-'));
const root = path.join(import.meta.dirname, '..');

const mirror = await startMirror({
  files: wheels.files,
  metadata: wheels.metadata,
  bytesPerSecondPerConnection: rate / connections,
});
const paddle = await startMirror({ files: {}, paddle: true });
const service = await startCacheService(() => null, { bytesPerSecond: rate });

async function job(name: string): Promise<Report> {
  const tools = path.join(place, 'tools');
  rmSync(tools, { recursive: true, force: true });
  const report = path.join(place, 'report.json');
  const started = await startJob({
    ...service.environment,
    HOME: place,
    PATH: [path.dirname(wheels.uv), process.env['PATH'] ?? ''].join(path.delimiter),
    PIP_CONFIG_FILE: '/dev/null',
    RUNNER_ENVIRONMENT: 'github-hosted',
    RUNNER_TOOL_CACHE: tools,
  });
  const step = await started.uses(root, {
    python,
    'paddle-version': version,
    device: 'cpu',
    venv: '.paddle',
    verify: 'off',
    mirrors: mirror.index,
    'paddle-index': paddle.index,
    report,
  });
  const posts = await started.end();
  if (step.exitCode !== 0 || posts.some(({ exitCode }) => exitCode !== 0)) throw new Error(`${name}: ${step.log}`);
  const told = JSON.parse(readFileSync(report, 'utf8')) as Report;
  console.log(`${name}: ${(told.totalMs / 1000).toFixed(2)} s, ${told.cache?.hit}`);
  for (const one of told.steps) console.log(`    ${one.name} ${(one.ms / 1000).toFixed(2)} s`);
  const said = posts.flatMap(({ log }) => log.split('\n').filter((line) => /GitHub's cache/.test(line)));
  for (const line of said) console.log(`    post: ${line}`);
  return told;
}

try {
  console.log(`both at ${rate / 1e6} MB/s; Python ${python}; Node ${process.version}`);
  const cold = await job('downloaded from the mirror, then saved');
  const before = mirror.bytes;
  const restored = await job("restored from GitHub's cache");
  const github = restored.cache?.github ?? null;
  if (github === null || github.entry === null || restored.cache?.hit !== 'exact' || mirror.bytes !== before) {
    throw new Error(
      `nothing was restored: ${JSON.stringify(restored.cache)}, ${mirror.bytes - before} bytes downloaded`,
    );
  }
  const saved = restored.cache.saved;
  if (saved === null) throw new Error('the report does not say what was saved');
  console.log(
    `\n${(github.bytes / 1e6).toFixed(0)} MB: restored in ${github.ms} ms; by the mirror's measured speed ${github.downloadMs} ms, beside which ${saved.besideMs} ms of unpacking go on`,
  );
  const real = cold.totalMs - restored.totalMs;
  const told = (ms: number): string => `${ms > 0 ? 'restoring' : 'downloading'} was faster, by ${Math.abs(ms)} ms`;
  console.log(`  the report says: ${told(saved.ms)}`);
  console.log(`  the whole step: ${told(real)} (${restored.totalMs} ms restored, ${cold.totalMs} ms downloaded)`);
  if (Math.abs(real) > 1000 && saved.ms > 0 !== real > 0) process.exitCode = 1;
  console.log(
    `  stored by the first job: ${cold.cache?.github?.saving?.files} files, ${cold.cache?.github?.saving?.bytes} bytes`,
  );
} finally {
  await Promise.all([mirror.close(), paddle.close(), service.close()]);
  rmSync(place, { recursive: true, force: true });
}
