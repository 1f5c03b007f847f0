import { readFileSync } from 'node:fs';
import { appendFile, chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openShop, type Shop, withUv } from '../e2e/shop.js';
import { type Machine, makeMachine, repository } from '../support/machine.js';
import { type Job, startJob } from '../support/runner.js';
import { isFull, killAtWrites } from './kills.js';
import { differences, snapshot } from './snapshot.js';

let machine: Machine;
let shop: Shop;
let settings: string;
const rows: [string, number, string][] = [];

beforeEach(async () => {
  [machine, shop] = await Promise.all([makeMachine(), openShop()]);
  // Stands for /etc: pip's own user file lies here, with a link on the way as many have it.
  settings = join(machine.home, 'etc');
  await mkdir(join(settings, 'real'), { recursive: true });
  await mkdir(join(settings, 'pip'));
  await writeFile(
    join(settings, 'real', 'pip.conf'),
    '# of the company\n[global]\ncert = /ca.pem\n\n[list]\nformat: json',
  );
  await chmod(join(settings, 'real', 'pip.conf'), 0o640);
  await symlink('../real/pip.conf', join(settings, 'pip', 'pip.conf'));
  await writeFile(join(machine.home, '.bashrc'), 'export A=1\n');
  await writeFile(join(machine.work, 'later.env'), 'MINE=1');
});
afterEach(() => Promise.all([shop.close(), machine.remove()]));
afterAll(() => {
  const line = (scenario: string, runs: string, result: string) =>
    `${scenario.padEnd(56)} ${runs.padStart(5)}  ${result}\n`;
  process.stdout.write(line('job', 'runs', 'home, settings and environment files afterwards'));
  for (const [scenario, runs, result] of rows) process.stdout.write(line(scenario, String(runs), result));
});

/** The three places that a job leaves things in. */
const named = () => [join(machine.home, 'tools'), join(machine.home, '.local', 'state', 'paddle-mirror-setup')];
const look = () => snapshot([machine.home, machine.work], named());

const start = (run: string, extra: Readonly<Record<string, string>> = {}): Promise<Job> =>
  startJob({
    ...machine.environment,
    ...withUv(machine),
    PIP_INDEX_URL: '',
    XDG_CONFIG_HOME: settings,
    RUNNER_TOOL_CACHE: join(machine.home, 'tools'),
    RUNNER_TRACKING_ID: run,
    ...extra,
  });

const inputs = (more: Readonly<Record<string, string>> = {}) => ({
  python: machine.python,
  mirrors: shop.index.index,
  'paddle-index': shop.paddle.index,
  device: 'cpu',
  verify: 'off',
  venv: '.paddle',
  'pip-config': 'user',
  'environment-file': join(machine.work, 'later.env'),
  ...more,
});

/** Notes the outcome for the table and fails where anything differs. */
async function same(scenario: string, before: ReadonlyMap<string, string>): Promise<void> {
  const different = differences(before, await look());
  rows.push([scenario, 1, different.length === 0 ? 'identical' : `${different.length} differences`]);
  expect(different).toEqual([]);
}

const pipConf = () => readFileSync(join(settings, 'real', 'pip.conf'), 'utf8');

if (process.platform === 'linux') {
  describe('the machine is as before', () => {
    test('after a job that succeeds', async () => {
      const before = await look();
      const job = await start('one');
      const step = await job.uses(repository, inputs());
      expect([step.log, step.exitCode]).toEqual([step.log, 0]);
      expect(pipConf()).toContain(`index-url = ${shop.index.index}`);
      expect(differences(before, await look()).length).toBe(2);
      await job.end();
      await same('succeeds', before);
    });

    test('after a job that fails at its verification, and one that fails before', async () => {
      const before = await look();
      const job = await start('one');
      expect((await job.uses(repository, inputs({ verify: 'full' }))).exitCode).toBe(3);
      expect(pipConf()).toContain('index-url');
      await job.end();
      await same('fails after its changes', before);
      await shop.close();
      const next = await start('two');
      expect((await next.uses(repository, inputs({ 'paddle-version': '3.1.1' }))).exitCode).toBe(1);
      await next.end();
      await same('fails before its changes', before);
    });

    test('after a job that is cancelled: SIGINT, SIGTERM, SIGKILL as the runner sends them', async () => {
      const before = await look();
      const job = await start('one');
      await job.uses(repository, inputs(), /Told pip in|Bring uv/);
      await job.end();
      await same('cancelled', before);
    });

    test('after two jobs side by side, whichever leaves first', async () => {
      const before = await look();
      for (const order of [
        [0, 1],
        [1, 0],
      ]) {
        const jobs = await Promise.all(['a', 'b'].map((name) => start(name, { RUNNER_NAME: name })));
        const steps = await Promise.all(jobs.map((job) => job.uses(repository, inputs())));
        for (const step of steps) expect([step.log, step.exitCode]).toEqual([step.log, 0]);
        for (const at of order) await jobs[at]?.end();
        await same(`two side by side, ${order[0] === 0 ? 'the first' : 'the second'} leaves first`, before);
      }
    });

    test('but for what the user wrote meanwhile', async () => {
      const job = await start('one');
      await job.uses(repository, inputs());
      await appendFile(join(settings, 'real', 'pip.conf'), '\n[freeze]\nall = yes\n');
      const [post] = await job.end();
      expect(post?.log).toContain('changed since by somebody else');
      expect(pipConf()).toBe(
        '# of the company\n[global]\ncert = /ca.pem\n\n[list]\nformat: json\n[freeze]\nall = yes\n',
      );
      expect(await readFile(join(machine.work, 'later.env'), 'utf8')).toBe('MINE=1');
      rows.push(['the user edits a file meanwhile', 1, 'identical but for that edit']);
    });

    test(
      'after a job that is killed at any write, undone by its post or by the next job',
      async () => {
        const before = await look();
        const done = await killAtWrites({
          folders: [settings, machine.work, named()[1] ?? ''],
          counter: join(machine.work, '..', 'count'),
          samples: { main: 6, post: 2 },
          start,
          change: (job) => job.uses(repository, inputs()),
          find: (job) => job.uses(repository, inputs({ 'paddle-version': '9.9.9' })),
          expectChanged: async () => expect(differences(before, await look())).toHaveLength(2),
          expectSame: async (where) => expect([where, differences(before, await look())]).toEqual([where, []]),
        });
        for (const [scenario, runs] of done) rows.push([scenario, runs, 'identical']);
      },
      isFull ? 3_600_000 : 180_000,
    );
  });
}
