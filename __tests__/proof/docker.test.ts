import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openShop, type Shop, withUv } from '../e2e/shop.js';
import { type Dockerd, hasDockerd, startDockerd } from '../support/dockerd.js';
import { type Machine, makeMachine, repository } from '../support/machine.js';
import { pushImage, type Registry, startRegistry } from '../support/registry.js';
import { startJob } from '../support/runner.js';

const isFull = process.env['RESTORE_PROOF'] === 'full';
const SAMPLE = 5;
const hook = pathToFileURL(join(import.meta.dirname, 'kill-at-write.mjs')).href;
const settings = '{\n  "log-level": "info"\n}\n';
const signal = new AbortController().signal;
const rows: [string, number, string][] = [];

(hasDockerd() ? describe : describe.skip)('a Docker daemon is as before', () => {
  let daemon: Dockerd;
  let registry: Registry;
  let machine: Machine;
  let shop: Shop;

  beforeAll(async () => {
    registry = await startRegistry();
    await pushImage(registry, 'paddlepaddle/paddle', '3.3.1', randomBytes(1_000));
    daemon = await startDockerd(settings);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([daemon.close(), registry.close()]);
    for (const [scenario, runs, result] of rows)
      process.stdout.write(`${scenario.padEnd(56)} ${String(runs).padStart(5)}  ${result}\n`);
  }, 30_000);
  beforeEach(async () => {
    [machine, shop] = await Promise.all([makeMachine(), openShop()]);
  });
  afterEach(() => Promise.all([shop.close(), machine.remove()]));

  const start = (run: string, extra: Readonly<Record<string, string>> = {}) =>
    startJob({
      ...machine.environment,
      ...withUv(machine),
      DOCKER_HOST: `unix://${daemon.socket}`,
      RUNNER_TOOL_CACHE: join(machine.home, 'tools'),
      RUNNER_TRACKING_ID: run,
      ...extra,
    });
  const inputs = (more: Readonly<Record<string, string>> = {}) => ({
    python: machine.python,
    mirrors: shop.index.index,
    'paddle-index': shop.paddle.index,
    device: 'cpu',
    install: 'off',
    'docker-mirrors': registry.url,
    ...more,
  });
  const mirrors = async () => (await daemon.engine.info(signal)).mirrors;
  const state = async () => ({ file: await readFile(daemon.file, 'utf8'), mirrors: await mirrors(), pid: daemon.pid });

  test(
    'after a job that is killed at any write to its file or our journal, with its post or without',
    async () => {
      const before = await state();
      expect(before).toMatchObject({ file: settings, mirrors: [] });
      const journal = join(machine.home, '.local', 'state', 'paddle-mirror-setup');
      const counter = join(machine.home, 'count');
      await mkdir(dirname(journal), { recursive: true });
      const hooked = { NODE_OPTIONS: `--import ${hook}`, KILL_WATCH: [dirname(daemon.file), journal].join(delimiter) };
      const dry = await start('dry', { ...hooked, KILL_COUNT: counter });
      const counted = await dry.uses(repository, inputs());
      expect([counted.log, counted.exitCode]).toEqual([counted.log, 0]);
      expect(await mirrors()).toEqual([`${registry.url}/`]);
      const writes = Number(readFileSync(counter, 'utf8'));
      await dry.end();
      expect(await state()).toEqual(before);
      rows.push(['Docker: succeeds', 1, 'daemon.json identical, mirrors of `docker info` as before']);
      expect(writes).toBeGreaterThan(SAMPLE);
      const step = isFull ? 1 : Math.ceil(writes / SAMPLE);
      const points = Array.from({ length: Math.ceil(writes / step) }, (_, at) => 1 + at * step);
      for (const at of points) {
        const killed = await start(`killed-${at}`, { ...hooked, KILL_AT: String(at) });
        const main = await killed.uses(repository, inputs());
        expect([at, main.signal]).toEqual([at, 'SIGKILL']);
        if (isFull || at % 2 === 1) {
          const next = await start(`next-${at}`);
          await next.uses(repository, inputs({ 'paddle-version': '9.9.9' }));
          expect([at, await state()]).toEqual([at, before]);
          await next.end();
        }
        await killed.end();
        expect([at, await state()]).toEqual([at, before]);
      }
      const scenario = `Docker: killed at ${points.length} of ${writes} writes`;
      rows.push([scenario, points.length, 'daemon.json identical, mirrors of `docker info` as before']);
    },
    isFull ? 1_800_000 : 120_000,
  );
});
