import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openShop, type Shop, withUv } from '../e2e/shop.js';
import { type Dockerd, hasDockerd, startDockerd } from '../support/dockerd.js';
import { type Machine, makeMachine, repository } from '../support/machine.js';
import { pushImage, type Registry, startRegistry } from '../support/registry.js';
import { startJob } from '../support/runner.js';
import { isFull, killAtWrites } from './kills.js';

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
    'after a job that is killed at any write to its file or our journal, undone by its post or by the next job',
    async () => {
      const before = await state();
      expect(before).toMatchObject({ file: settings, mirrors: [] });
      const journal = join(machine.home, '.local', 'state', 'paddle-mirror-setup');
      await mkdir(dirname(journal), { recursive: true });
      const done = await killAtWrites({
        folders: [dirname(daemon.file), journal],
        counter: join(machine.home, 'count'),
        samples: { main: 4, post: 2 },
        start,
        change: (job) => job.uses(repository, inputs()),
        find: (job) => job.uses(repository, inputs({ 'paddle-version': '9.9.9' })),
        expectChanged: async () => expect(await mirrors()).toEqual([`${registry.url}/`]),
        expectSame: async (where) => expect([where, await state()]).toEqual([where, before]),
      });
      for (const [scenario, runs] of done)
        rows.push([`Docker: ${scenario}`, runs, 'daemon.json identical, mirrors of `docker info` as before']);
    },
    isFull ? 1_800_000 : 180_000,
  );
});
