import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startJob } from './runner.js';

let action: string;

/** A throw-away action of plain JavaScript. */
async function writeAction(main: string, post: string, condition = 'always()'): Promise<void> {
  const file = `name: x
description: x
inputs:
  wish list:
    description: x
  dash-ed:
    description: x
    default: 'from the file'
runs: { using: node24, main: main.mjs, post: post.mjs, post-if: '${condition}' }
`;
  await writeFile(join(action, 'action.yml'), file);
  await writeFile(
    join(action, 'main.mjs'),
    `import { appendFileSync } from 'node:fs';\nconst env = process.env;\n${main}`,
  );
  await writeFile(join(action, 'post.mjs'), post);
}

beforeEach(async () => {
  action = await mkdtemp(join(tmpdir(), 'action-'));
});
afterEach(async () => {
  await rm(action, { recursive: true });
});

describe('a job on the small runner', () => {
  test('hands inputs over as the real one does, defaults from action.yml included', async () => {
    await writeAction(
      'console.log(env["INPUT_WISH_LIST"], env["INPUT_DASH-ED"], process.cwd() === env.GITHUB_WORKSPACE)',
      '',
    );
    const job = await startJob();
    expect((await job.uses(action, { 'wish list': 'a b' })).log).toBe('a b from the file true');
    expect((await job.uses(action, { 'dash-ed': '' })).log).toBe('  true');
    await job.end();
  });

  test('hands nothing of its own environment on', async () => {
    process.env['RUNNER_TEST_LEAK'] = 'yes';
    await writeAction('console.log(env.RUNNER_TEST_LEAK, env.GIVEN)', '');
    const job = await startJob({ GIVEN: 'yes' });
    expect((await job.uses(action)).log).toBe('undefined yes');
    await job.end();
    delete process.env['RUNNER_TEST_LEAK'];
  });

  test('gives later steps the exported environment and PATH, and outputs to the caller', async () => {
    await writeAction(
      `appendFileSync(env.GITHUB_ENV, 'GREETING<<X\\nhello\\nworld\\nX\\n');
       appendFileSync(env.GITHUB_PATH, '/first\\n/second\\n');
       appendFileSync(env.GITHUB_OUTPUT, 'answer=42\\n');
       appendFileSync(env.GITHUB_STEP_SUMMARY, '# done\\n');`,
      '',
    );
    const job = await startJob();
    const step = await job.uses(action);
    expect(step).toMatchObject({
      exitCode: 0,
      outputs: { answer: '42' },
      paths: ['/first', '/second'],
      summary: '# done\n',
    });
    const later = await job.run(process.execPath, '-p', 'process.env.GREETING + process.env.PATH.slice(0, 14)');
    expect(later.log).toBe(
      `hello\nworld${['/second', '/first'].join(process.platform === 'win32' ? ';' : ':').slice(0, 14)}`,
    );
    await job.end();
  });

  test('runs posts last first, each with its own state, also after a failure', async () => {
    await writeAction(
      `appendFileSync(env.GITHUB_STATE, 'who=' + env['INPUT_DASH-ED'] + '\\n'); process.exitCode = 1;`,
      'console.log(process.env.STATE_who)',
    );
    const job = await startJob();
    expect((await job.uses(action, { 'dash-ed': 'one' })).exitCode).toBe(1);
    await job.uses(action, { 'dash-ed': 'two' });
    expect((await job.end()).map((step) => step.log)).toEqual(['two', 'one']);
    expect(existsSync(job.workspace)).toBe(false);
  });

  test('leaves a post out that only wants to follow success', async () => {
    await writeAction('process.exitCode = 1', 'console.log("post")', 'success()');
    const job = await startJob();
    await job.uses(action);
    expect(await job.end()).toEqual([]);
  });

  test('refuses NODE_OPTIONS for later steps', async () => {
    await writeAction(`appendFileSync(env.GITHUB_ENV, 'NODE_OPTIONS=--inspect\\n')`, '');
    const job = await startJob();
    await expect(job.uses(action)).rejects.toThrow('NODE_OPTIONS');
    await job.end();
  });

  test('hides a masked secret in the log and in the summary', async () => {
    await writeAction(
      `console.log('::add-mask::hunter2'); console.log('hunter2'); appendFileSync(env.GITHUB_STEP_SUMMARY, 'hunter2');`,
      '',
    );
    const job = await startJob();
    expect(await job.uses(action)).toMatchObject({ log: '***', summary: '***' });
    await job.end();
  });

  test('ends a step whose child keeps the output open', async () => {
    await writeAction(
      `const { spawn } = await import('node:child_process');
       spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' }).unref(); process.exit(0);`,
      '',
    );
    const job = await startJob();
    expect((await job.uses(action)).exitCode).toBe(0);
    await job.end();
  });
});

// Windows has no signals to cancel with: there the runner sends console events, which a test cannot.
if (process.platform !== 'win32') {
  describe('a cancelled step', () => {
    test('is asked by SIGINT first, and its post runs', async () => {
      await writeAction(
        `process.on('SIGINT', () => { console.log('bye'); process.exit(7); }); setInterval(() => {}, 1000); console.log('ready');`,
        'console.log("cleaned")',
      );
      const job = await startJob();
      expect(await job.uses(action, {}, /^ready$/)).toMatchObject({ exitCode: 7, log: 'ready\nbye' });
      expect((await job.end()).map((step) => step.log)).toEqual(['cleaned']);
    });

    test('that hears neither SIGINT nor SIGTERM is killed with its children', async () => {
      await writeAction(
        `const { spawn } = await import('node:child_process');
         for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => console.log(signal));
         spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' }); console.log('ready');`,
        '',
      );
      const job = await startJob();
      // The step ends once nobody holds its output: the child is gone too.
      const step = await job.uses(action, {}, /^ready$/);
      expect(step).toMatchObject({ exitCode: null, signal: 'SIGKILL', log: 'ready\nSIGINT\nSIGTERM' });
      await job.end();
    });
  });
} else process.stdout.write('the cancel sequence is not tested here: Windows has no signals\n');
