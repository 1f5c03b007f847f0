import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { contextNames } from '../../src/values/images.js';
import { type Dockerd, dockerClient, hasDockerd, importPrograms, startDockerd } from '../support/dockerd.js';
import { type Machine, makeMachine, repository } from '../support/machine.js';
import { pushImage, type Registry, startRegistry } from '../support/registry.js';
import { startJob } from '../support/runner.js';
import { openShop, type Shop, setup, withUv } from './shop.js';

const settings = '{\n\t"log-level": "info",\n\t"registry-mirrors": ["https://corporate.example"]\n}\n';
const login = { username: 'reader', password: 'hunter2-of-the-registry' };
const basic = { authorization: `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}` };

(hasDockerd() ? describe : describe.skip)('with a real dockerd', () => {
  let daemon: Dockerd;
  let [open, closed]: Registry[] = [];
  let digest: string;
  let machine: Machine;
  let shop: Shop;
  let keeps: string;

  /** What `docker info` prints, which is what a user would look at. */
  const docker = (...args: readonly string[]): string => {
    const env = { ...process.env, DOCKER_HOST: `unix://${daemon.socket}`, DOCKER_CONFIG: keeps };
    return execFileSync(dockerClient(), args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  };
  const mirrors = (): unknown => JSON.parse(docker('info', '--format', '{{json .RegistryConfig.Mirrors}}'));
  const here = () => ({ DOCKER_HOST: `unix://${daemon.socket}` });
  /** Whether any file below a folder holds a text. */
  const held = async (folder: string, text: string): Promise<string[]> => {
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((one) => one.isFile());
    const found: string[] = [];
    for (const { parentPath, name } of files) {
      const file = join(parentPath, name);
      if ((await readFile(file)).includes(text)) found.push(file);
    }
    return found;
  };

  beforeAll(async () => {
    keeps = await mkdtemp(join(tmpdir(), 'docker-client-'));
    [open, closed] = [await startRegistry(), await startRegistry(login)];
    digest = await pushImage(open, 'paddlepaddle/paddle', '3.3.1', randomBytes(300_000));
    await pushImage(closed, 'team/private', '1', randomBytes(1_000), basic);
    daemon = await startDockerd(settings);
  }, 60_000);
  afterAll(async () => {
    await daemon.close();
    await Promise.all([open?.close(), closed?.close(), rm(keeps, { recursive: true, force: true })]);
  }, 30_000);
  beforeEach(async () => {
    [machine, shop] = await Promise.all([makeMachine(), openShop()]);
  });
  afterEach(() => Promise.all([shop.close(), machine.remove()]));

  test('the command line tells it, pulls ahead and fills a build folder, and `restore` undoes it; a container runs on', async () => {
    await importPrograms(docker, 'still:1', ['/bin/sleep']);
    const container = docker('run', '-d', '--network', 'none', 'still:1', '/bin/sleep', '600');
    const state = (): string => docker('inspect', '--format', '{{.State.Pid}} {{.State.StartedAt}}', container);
    const before = state();
    const images = `paddlepaddle/paddle:3.3.1@${digest} as paddle:ci\n${closed?.host}/team/private:1`;
    const options = ['--install', 'off', '--docker-mirrors', open?.url ?? '', '--docker-images', images];
    const said = await setup(machine, shop, [...options, '--docker-context', 'build/paddle'], {
      ...here(),
      PADDLE_MIRROR_SETUP_INDEX_CREDENTIALS: `http://${closed?.host}/ ${login.username}:${login.password}`,
    });
    expect([said.stderr, said.exitCode]).toEqual([said.stderr, 0]);
    expect(said.stderr).not.toContain('index-credentials has a line');
    expect(mirrors()).toEqual([`${open?.url}/`, 'https://corporate.example/']);
    for (const words of [`docker: ${open?.url}`, 'paddle:ci', digest, 'docker build '])
      expect(said.stdout + said.stderr).toContain(words);
    expect(docker('images', '--format', '{{.Repository}}:{{.Tag}}').split('\n').sort()).toEqual([
      `${closed?.host}/team/private:1`,
      'paddle:ci',
      'paddlepaddle/paddle:<none>',
      'still:1',
    ]);
    expect((await readdir(join(machine.work, 'build', 'paddle'))).sort()).toEqual([...contextNames].sort());
    for (const folder of [machine.home, machine.work, join(daemon.folder, 'data')])
      expect(await held(folder, login.password)).toEqual([]);
    expect(said.stdout + said.stderr).not.toContain(login.password);
    const undone = await machine.cli(['restore'], here());
    expect([undone.stdout + undone.stderr, undone.exitCode]).toEqual([
      expect.stringContaining('uses https://corporate.example again'),
      0,
    ]);
    expect(mirrors()).toEqual(['https://corporate.example/']);
    expect(await readFile(daemon.file, 'utf8')).toBe(settings);
    expect(state()).toBe(before);
    docker('rm', '-f', container);
  }, 120_000);

  test('the action tells it in main, and its post has it go back', async () => {
    const job = await startJob({
      ...machine.environment,
      ...withUv(machine),
      ...here(),
      RUNNER_TOOL_CACHE: join(machine.home, 'tools'),
    });
    const step = await job.uses(repository, {
      python: machine.python,
      mirrors: shop.index.index,
      'paddle-index': shop.paddle.index,
      device: 'cpu',
      install: 'off',
      'docker-mirrors': `http://127.0.0.1:9,${open?.url}`,
      'docker-images': 'paddlepaddle/paddle:3.3.1',
    });
    expect([step.log, step.exitCode]).toEqual([step.log, 0]);
    expect(mirrors()).toEqual([`${open?.url}/`, 'https://corporate.example/']);
    expect(step.outputs).toMatchObject({
      'docker-mirrors': open?.url,
      'docker-images': `docker.io/paddlepaddle/paddle@${digest}`,
    });
    for (const words of ['### Containers', digest, 'not used']) expect(step.summary).toContain(words);
    const warnings = step.annotations.filter(({ level }) => level === 'warning');
    expect(warnings.map(({ message }) => message).join()).toContain('127.0.0.1:9');
    expect((await job.end()).map(({ exitCode }) => exitCode)).toEqual([0]);
    expect(mirrors()).toEqual(['https://corporate.example/']);
    expect(await readFile(daemon.file, 'utf8')).toBe(settings);
  }, 120_000);
});
