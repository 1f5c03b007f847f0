import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { openShop, type Shop, withUv } from '../e2e/shop.js';
import { type Dockerd, dockerClient, hasDockerd, startDockerd } from '../support/dockerd.js';
import { type Machine, makeMachine, repository } from '../support/machine.js';
import { has, pushImage, type Registry, startRegistry } from '../support/registry.js';
import { differences, snapshot } from './snapshot.js';

const settings = '{\n  "log-level": "info"\n}\n';
const signal = new AbortController().signal;

/** Makes a folder a repository with one commit. */
function commit(folder: string): void {
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@example.invalid', '-c', 'commit.gpgsign=false'];
  for (const command of [
    ['init', '-q', '-b', 'main'],
    ['add', '-A'],
    [...author, 'commit', '-q', '-m', 'test'],
  ])
    execFileSync('git', command, { cwd: folder, stdio: 'pipe' });
}

(hasDockerd() && has('act', 'git') ? describe : describe.skip)('under act', () => {
  let [daemon, registry, machine, shop]: [Dockerd?, Registry?, Machine?, Shop?] = [];
  let digest: string;
  let action: string;

  beforeAll(async () => {
    [machine, shop, registry] = await Promise.all([makeMachine(), openShop(), startRegistry()]);
    digest = await pushImage(registry, 'paddlepaddle/paddle', '3.3.1', randomBytes(10_000));
    daemon = await startDockerd(settings);
    action = join(machine.work, 'action');
    for (const name of ['action.yml', 'dist'])
      await cp(join(repository, name), join(action, name), { recursive: true });
    commit(action);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([daemon?.close(), registry?.close(), shop?.close(), machine?.remove()]);
  }, 30_000);

  test.each([
    ['succeeds', 'true', 0],
    ['fails in a later step', 'false', 1],
  ])(
    'a job that %s has its mirrors and images, and afterwards the machine is as before',
    async (name, last, code) => {
      if (!daemon || !registry || !machine || !shop) throw new Error('all of them are there');
      const conf = join(machine.home, '.config', 'pip', 'pip.conf');
      await mkdir(dirname(conf), { recursive: true });
      await writeFile(conf, '# mine\n[list]\nformat = json\n');
      const consumer = join(machine.work, `consumer-${code}`);
      const seen = join(consumer, '..', `seen-${code}`);
      const inputs = {
        python: machine.python,
        mirrors: shop.index.index,
        'paddle-index': shop.paddle.index,
        device: 'cpu',
        venv: '.paddle',
        verify: 'import',
        cache: 'directory',
        'pip-config': 'user',
        'docker-mirrors': registry.url,
        'docker-images': 'paddlepaddle/paddle:3.3.1 as paddle:ci',
      };
      const docker = dockerClient();
      const look = [
        `cp "${conf}" "${seen}.conf"`,
        `${docker} info --format '{{json .RegistryConfig.Mirrors}}' > "${seen}.mirrors"`,
        `${docker} image inspect paddle:ci > "${seen}.image"`,
      ];
      const steps = [{ uses: 'org/paddle-mirror-setup@v1', with: inputs }, { run: look.join('\n') }, { run: last }];
      const workflow = { name, on: 'push', jobs: { test: { 'runs-on': 'ubuntu-latest', steps } } };
      await mkdir(join(consumer, '.github', 'workflows'), { recursive: true });
      await writeFile(join(consumer, '.github', 'workflows', 'test.yml'), stringify(workflow));
      commit(consumer);
      const named = [join(machine.home, 'tools'), join(machine.home, '.local', 'state', 'paddle-mirror-setup')];
      // act keeps its copies of actions and its settings there.
      const caches = [join(machine.home, '.cache'), join(machine.home, '.config', 'act')];
      const before = await snapshot([machine.home], [...named, ...caches]);
      const environment = {
        ...machine.environment,
        ...withUv(machine),
        PIP_INDEX_URL: '',
        DOCKER_HOST: `unix://${daemon.socket}`,
        RUNNER_TOOL_CACHE: join(machine.home, 'tools'),
      };
      const handed = Object.entries(environment).filter(([variable]) => variable !== 'PATH');
      const path = [dirname(process.execPath), withUv(machine)['PATH']].join(delimiter);
      const args = [
        ...['push', '-P', 'ubuntu-latest=-self-hosted', '--local-repository', `org/paddle-mirror-setup@v1=${action}`],
        ...['--cache-server-addr', '127.0.0.1', '--artifact-server-addr', '127.0.0.1'],
        ...handed.flatMap(([variable, value]) => ['--env', `${variable}=${value}`]),
      ];
      const env = { ...process.env, ...environment, PATH: path };
      const ran = await promisify(execFile)('act', args, { cwd: consumer, env, timeout: 100_000 }).then(
        ({ stdout, stderr }) => ({ log: stdout + stderr, code: 0 }),
        (error: { stdout: string; stderr: string; code: number }) => ({
          log: error.stdout + error.stderr,
          code: error.code,
        }),
      );
      expect([ran.log, ran.code]).toEqual([ran.log, code]);
      expect(JSON.parse(await readFile(`${seen}.mirrors`, 'utf8'))).toEqual([`${registry.url}/`]);
      expect(await readFile(`${seen}.image`, 'utf8')).toContain(digest);
      expect(await readFile(`${seen}.conf`, 'utf8')).toContain(`index-url = ${shop.index.index}`);
      expect(differences(before, await snapshot([machine.home], [...named, ...caches]))).toEqual([]);
      expect(await readFile(daemon.file, 'utf8')).toBe(settings);
      expect((await daemon.engine.info(signal)).mirrors).toEqual([]);
    },
    120_000,
  );
});
