import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Machine, makeMachine, repository } from '../support/machine.js';
import { type Job, type Step, startJob } from '../support/runner.js';

const LIMIT_MS = 10 * 60_000;
/** Nobody listens there: a network that is switched off. */
const NOWHERE = 'http://127.0.0.1:9';

let machine: Machine;

/** One job on the machine: the action with real PaddlePaddle, then a later step, then the posts. */
async function runJob(
  extra: Readonly<Record<string, string>>,
): Promise<{ job: Job; step: Step; later: Step; posts: readonly Step[] }> {
  const job = await startJob({ ...machine.environment, RUNNER_TOOL_CACHE: join(machine.home, 'tools'), ...extra });
  const wish = {
    device: 'cpu',
    python: machine.python,
    'paddle-version': '3.2.2',
    venv: '.paddle',
    cache: 'directory',
  };
  const step = await job.uses(repository, wish);
  const later = await job.run('python', '-c', 'import paddle; print(paddle.__version__)');
  return { job, step, later, posts: await job.end() };
}

beforeAll(async () => {
  machine = await makeMachine();
});
afterAll(async () => {
  await machine.remove();
});

describe('the action with real PaddlePaddle', () => {
  test(
    'installs and verifies it, and later steps have it',
    async () => {
      const { job, step, later, posts } = await runJob({});
      expect([step.log, step.exitCode]).toEqual([step.log, 0]);
      expect(step.outputs).toMatchObject({
        'paddle-version': '3.2.2',
        device: 'cpu',
        verified: 'true',
        'cache-hit': 'false',
      });
      expect(step.outputs['venv']).toBe(join(job.workspace, '.paddle'));
      expect(step.summary).toContain('3.2.2');
      expect(step.annotations.filter(({ level }) => level === 'error')).toEqual([]);
      expect(later).toMatchObject({ exitCode: 0, log: expect.stringMatching(/^3\.2\.2$/m) });
      expect(posts.map(({ exitCode }) => exitCode)).toEqual([0]);
    },
    LIMIT_MS,
  );

  test(
    'installs it a second time with the network switched off',
    async () => {
      const { step, later } = await runJob({ HTTP_PROXY: NOWHERE, HTTPS_PROXY: NOWHERE, NO_PROXY: '' });
      expect([step.log, step.exitCode]).toEqual([step.log, 0]);
      expect(step.outputs).toMatchObject({
        'paddle-version': '3.2.2',
        verified: 'true',
        'cache-hit': 'true',
        mirror: '',
      });
      expect(later).toMatchObject({ exitCode: 0, log: expect.stringMatching(/^3\.2\.2$/m) });
    },
    LIMIT_MS,
  );
});
