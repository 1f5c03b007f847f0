import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Machine, makeMachine, repository } from '../support/machine.js';
import { type Job, type Step, startJob } from '../support/runner.js';
import { openShop, type Shop, withUv } from './shop.js';

let machine: Machine;
let shop: Shop;

beforeEach(async () => {
  machine = await makeMachine();
  shop = await openShop();
});
afterEach(async () => {
  await Promise.all([shop.close(), machine.remove()]);
});

/** A job on the machine; what a runner keeps between jobs lies in its home. */
const start = (extra: Readonly<Record<string, string>> = {}): Promise<Job> =>
  startJob({ ...machine.environment, ...withUv(machine), RUNNER_TOOL_CACHE: join(machine.home, 'tools'), ...extra });

const inputs = (more: Readonly<Record<string, string>> = {}) => ({
  python: machine.python,
  mirrors: shop.index.index,
  'paddle-index': shop.paddle.index,
  device: 'cpu',
  verify: 'import',
  venv: '.paddle',
  ...more,
});

const codes = (steps: readonly Step[]) => steps.map(({ exitCode }) => exitCode);

describe('the action', () => {
  test('tells outputs, summary and later steps what it did', async () => {
    const job = await start();
    const step = await job.uses(repository, inputs());
    expect([step.log, step.exitCode]).toEqual([step.log, 0]);
    const venv = join(job.workspace, '.paddle');
    expect(step.outputs).toMatchObject({
      'paddle-version': '3.2.2',
      device: 'cpu',
      'cuda-version': '',
      python: join(venv, 'bin', 'python'),
      venv,
      mirror: shop.index.index,
      'cache-hit': 'false',
      'cache-key': expect.stringMatching(/^paddle-mirror-setup-v2-/),
      'gpu-count': '0',
    });
    expect(existsSync(step.outputs['lock'] ?? '')).toBe(true);
    for (const words of ['Install', '3.2.2', 'miss']) expect(step.summary).toContain(words);
    expect(step).toMatchObject({ paths: [join(venv, 'bin')], environment: { VIRTUAL_ENV: venv } });
    expect(step.environment['PIP_INDEX_URL']).toBe(shop.index.index);
    const later = await job.run('python', '-c', 'import paddle, sys; print(paddle.__version__, sys.prefix)');
    expect(later.log).toBe(`3.2.2 ${venv}`);
    const pip = await job.run('python3', '-m', 'venv', 'more');
    expect(pip.exitCode).toBe(0);
    const more = await job.run(join('more', 'bin', 'python'), '-m', 'pip', 'install', 'six');
    expect([more.log, more.exitCode]).toEqual([expect.stringContaining(shop.index.index), 0]);
    expect(codes(await job.end())).toEqual([0]);
  });

  test('takes back what it wrote into files, after the job', async () => {
    const job = await start();
    const file = join(machine.work, 'later.env');
    await job.uses(repository, inputs({ 'environment-file': file }));
    expect(existsSync(file)).toBe(true);
    expect(codes(await job.end())).toEqual([0]);
    expect(existsSync(file)).toBe(false);
  });

  test('takes back what a job wrote that was killed before its post', async () => {
    const file = join(machine.work, 'later.env');
    const killed = await start({ RUNNER_TRACKING_ID: 'one' });
    await killed.uses(repository, inputs({ 'environment-file': file }));
    const next = await start({ RUNNER_TRACKING_ID: 'two' });
    const step = await next.uses(repository, inputs());
    expect(step.log).toContain(file);
    expect(existsSync(file)).toBe(false);
    await next.end();
    await killed.end();
  });

  test('fails with an annotation where no source answers, and its post is fine', async () => {
    await shop.close();
    const job = await start();
    const step = await job.uses(repository, inputs());
    expect(step.exitCode).toBe(1);
    const errors = step.annotations.filter(({ level }) => level === 'error');
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining(shop.index.url) })]);
    expect(codes(await job.end())).toEqual([0]);
  });

  test('fails with 3 where the verification does, and tells outputs all the same', async () => {
    const job = await start();
    const step = await job.uses(repository, inputs({ verify: 'full' }));
    expect(step).toMatchObject({ exitCode: 3, outputs: { 'paddle-version': '3.2.2', verified: 'false' } });
    expect(step.annotations.some(({ level }) => level === 'error')).toBe(true);
    expect(codes(await job.end())).toEqual([0]);
  });

  test('stops when the job is cancelled and leaves nothing behind', async () => {
    await shop.close();
    shop = await openShop({ bytesPerSecondPerConnection: 2000 });
    const job = await start();
    const step = await job.uses(repository, inputs(), /Resolve|Install/);
    expect(step.exitCode).toBe(1);
    expect(await readdir(job.temp).then((names) => names.filter((name) => name.startsWith('paddle')))).toEqual([]);
    expect(existsSync(join(job.workspace, '.paddle'))).toBe(false);
    expect(codes(await job.end())).toEqual([0]);
  });
});
