import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { tinyWheel } from '../install/tiny-wheel.js';
import { type Devpi, startDevpi } from '../support/devpi.js';
import { type Machine, makeMachine, repository } from '../support/machine.js';
import { peer } from '../support/peers.js';
import { startJob } from '../support/runner.js';
import { openShop, type Shop, setup, withUv } from './shop.js';

const password = 'hunter2!of-devpi';
const user = 'builder';
const basic = Buffer.from(`${user}:${password}`).toString('base64');

/** Files below a folder that hold one of the words. */
function holding(folder: string, words: readonly string[]): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => lstatSync(file, { throwIfNoEntry: false })?.isFile() === true)
    .filter((file) => words.some((word) => readFileSync(file).includes(word)));
}

/** Command line and environment of every process but the test's own and the program's, where the system tells. */
function processes(): string[] {
  const read = (file: string): string => {
    try {
      return readFileSync(file, 'latin1');
    } catch (error) {
      // It has ended meanwhile, or is not ours to read.
      if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
      throw error;
    }
  };
  return (
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .map((pid) => [read(`/proc/${pid}/cmdline`), read(`/proc/${pid}/environ`)] as const)
      // The program itself was given the secret; a child that has not begun its own program yet still looks like it.
      .filter(([command]) => !command.includes('dist/cli/index.js'))
      .map(([command, environment]) => `${command}\n${environment}`)
  );
}

const [init, server] = [peer('devpi-init'), peer('devpi-server')];
if (process.platform === 'linux' && init !== null && server !== null) {
  describe('a private index with a login', () => {
    let devpi: Devpi;
    let machine: Machine;
    let shop: Shop;
    beforeAll(async () => {
      const wheel = tinyWheel({ name: 'corp_tool', version: '1.0', members: { 'corp_tool.py': 'secret = 42\n' } });
      devpi = await startDevpi({ init, server }, user, password, { 'corp-tool': wheel });
    }, 120_000);
    afterAll(() => devpi.close());
    beforeEach(async () => {
      machine = await makeMachine();
      shop = await openShop();
      await writeFile(join(machine.work, 'requirements.txt'), `--extra-index-url ${devpi.index}\ncorp-tool==1.0\n`);
    });
    afterEach(() => Promise.all([shop.close(), machine.remove()]));

    const options = ['--venv', '.paddle', '--requirements', 'requirements.txt', '--debug'];

    test('is used with its password, which is in no output, file, command line or environment of a child', async () => {
      const seen: string[] = [];
      let timer: NodeJS.Timeout | undefined;
      const given = { PADDLE_MIRROR_SETUP_INDEX_CREDENTIALS: `${devpi.origin} ${user}:${password}` };
      const said = await setup(machine, shop, [...options, '--environment-file', 'later.env'], given, () => {
        timer = setInterval(() => seen.push(...processes()), 50);
      });
      clearInterval(timer);
      expect([said.stderr, said.exitCode]).toEqual([said.stderr, 0]);
      expect(existsSync(join(machine.work, '.paddle', 'bin', 'python'))).toBe(true);
      expect(said.report.lock.files.map(({ name }) => name)).toContain('corp-tool');
      expect(seen.some((text) => text.includes('UV_CACHE_DIR') || text.includes('uv\0'))).toBe(true);
      const words = [password, basic, encodeURIComponent(password)];
      for (const text of [said.stdout, said.stderr, JSON.stringify(said.report), ...new Set(seen)])
        if (words.some((word) => text.includes(word))) throw new Error(`a secret is told: ${text}`);
      expect([...holding(machine.home, words), ...holding(machine.work, words)]).toEqual([]);
    });

    test('is refused without one, and told', async () => {
      const said = await setup(machine, shop, options);
      expect(said.exitCode).toBe(1);
      expect(said.stderr).toContain(devpi.origin);
      expect(said.stderr).toMatch(/40[13]/);
    });

    test('is used with a netrc file as pip would', async () => {
      await writeFile(join(machine.home, '.netrc'), `machine 127.0.0.1 login ${user} password ${password}\n`);
      const said = await setup(machine, shop, options);
      expect([said.stderr, said.exitCode]).toEqual([said.stderr, 0]);
      expect(said.stdout + said.stderr).not.toContain(password);
    });

    test('is used in a job, where the log masks the password and later steps do not see it', async () => {
      const job = await startJob({ ...machine.environment, ...withUv(machine) });
      await writeFile(join(job.workspace, 'requirements.txt'), `--extra-index-url ${devpi.index}\ncorp-tool==1.0\n`);
      const step = await job.uses(repository, {
        python: machine.python,
        mirrors: shop.index.index,
        'paddle-index': shop.paddle.index,
        device: 'cpu',
        verify: 'import',
        venv: '.paddle',
        requirements: 'requirements.txt',
        'index-credentials': `${devpi.origin} ${user}:${password}\nhttps://unused.invalid ci:another`,
      });
      expect([step.log, step.exitCode]).toEqual([step.log, 0]);
      expect(step.masks).toEqual(expect.arrayContaining([password, 'another']));
      expect(step.log).toContain('index-credentials has a line for https://unused.invalid');
      const later = await job.run('env');
      for (const text of [step.log, step.summary, later.log, JSON.stringify([step.outputs, step.state])])
        expect(text).not.toContain(password);
      await job.end();
    });
  });
}

test('a password on the command line is refused with the variable to use, and not repeated', async () => {
  const machine = await makeMachine();
  const said = await machine.cli(['setup', '--index-credentials', `https://host.invalid me:${password}`]);
  expect(said.exitCode).toBe(2);
  expect(said.stderr).toContain('PADDLE_MIRROR_SETUP_INDEX_CREDENTIALS');
  expect(said.stdout + said.stderr).not.toContain(password);
  await machine.remove();
});
