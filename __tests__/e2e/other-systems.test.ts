import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { type Machine, makeMachine, repository } from '../support/machine.js';
import { has } from '../support/registry.js';
import { openShop, type Shop, short, withUv } from './shop.js';

/** The examples of the documentation, as they stand there: their text by the system that they are for. */
function examples(system: string): string[] {
  const text = readFileSync(join(repository, 'docs', 'configuration.md'), 'utf8');
  const blocks = [...text.matchAll(/^```(?:yaml|groovy)\n(?:#|\/\/) (\w+): [^\n]*\n([\s\S]*?)^```$/gm)];
  return blocks.flatMap(([, name, body = '']) => (name === system ? [body] : []));
}

interface GitLabJob {
  readonly script: readonly string[];
  readonly artifacts?: { readonly reports: { readonly dotenv: string } };
}

let machine: Machine;
let shop: Shop;
let checkout: string;

beforeEach(async () => {
  [machine, shop] = await Promise.all([makeMachine(), openShop()]);
  checkout = join(machine.work, 'project');
  await mkdir(checkout);
  await fill();
});
afterEach(() => Promise.all([shop.close(), machine.remove()]));

/** A clean checkout, as each job gets one; what the project itself has. */
async function fill(): Promise<void> {
  for (const name of await readdir(checkout)) await rm(join(checkout, name), { recursive: true });
  await symlink(repository, join(checkout, 'paddle-mirror-setup'));
  await writeFile(
    join(checkout, 'train.py'),
    'import paddle, sys; print("trained with", paddle.__version__, sys.prefix)\n',
  );
}

/** The line with what keeps it on loopback. */
const onLoopback = (line: string): string =>
  line.replace(/ setup /, ` setup ${[...short(machine, shop), '--paddle-version', '3.2.2'].join(' ')} `);

/** Runs a script, gives what it printed; throws where it fails. */
async function shell(
  program: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<string> {
  const node = { PATH: [dirname(process.execPath), withUv(machine)['PATH']].join(':') };
  const env = { ...machine.environment, ...withUv(machine), ...node, CI: 'true', ...variables };
  const { stdout, stderr } = await promisify(execFile)(program, args, { cwd: checkout, env, timeout: 60_000 });
  return stdout + stderr;
}

(process.platform !== 'win32' && has('bash', 'sh') ? describe : describe.skip)(
  'the examples of the documentation',
  () => {
    /** GitLab's runner hands the lines of a job to one bash that stops at the first failure. */
    const gitlab = (job: GitLabJob, variables: Readonly<Record<string, string>> = {}): Promise<string> => {
      const surroundings = { GITLAB_CI: 'true', CI_PROJECT_DIR: checkout, CI_BUILDS_DIR: machine.work, ...variables };
      return shell('bash', ['-c', ['set -eo pipefail', ...job.script.map(onLoopback)].join('\n')], surroundings);
    };
    /** As GitLab reads a dotenv report: NAME=VALUE, and the value is what stands there. */
    const dotenv = (text: string): Record<string, string> =>
      Object.fromEntries(
        text
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      );

    test('GitLab: one job, and a job whose variables reach a later one, each in a clean checkout', async () => {
      const [one = '', two = '', ...others] = examples('GitLab');
      expect(others).toEqual([]);
      const { paddle } = parse(one) as { paddle: GitLabJob };
      expect(await gitlab(paddle)).toContain(`trained with 3.2.2 ${join(checkout, '.paddle')}`);
      await fill();
      const { prepare, train } = parse(two) as { prepare: GitLabJob; train: GitLabJob };
      await gitlab(prepare);
      const report = readFileSync(join(checkout, prepare.artifacts?.reports.dotenv ?? ''), 'utf8');
      await fill();
      expect(await gitlab(train, dotenv(report))).toContain(`trained with 3.2.2 ${join(machine.work, 'paddle')}`);
    }, 90_000);

    test('Jenkins: each step is a shell of its own, which stops at the first failure', async () => {
      const steps = examples('Jenkins').flatMap((text) =>
        [...text.matchAll(/^sh '(.*)'$/gm)].map(([, line = '']) => line),
      );
      expect(steps).toHaveLength(2);
      const said: string[] = [];
      for (const step of steps)
        said.push(await shell('sh', ['-xec', onLoopback(step)], { WORKSPACE: checkout, BUILD_ID: '1' }));
      expect(said.join('')).toContain(`trained with 3.2.2 ${join(checkout, '.paddle')}`);
    }, 90_000);
  },
);
