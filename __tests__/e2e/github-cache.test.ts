import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import * as cache from '@actions/cache';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { openDirectoryStore } from '../../src/store/directory.js';
import { saveToGithub } from '../../src/store/github/save.js';
import { tinyWheel } from '../install/tiny-wheel.js';
import { type CacheService, startCacheService } from '../support/cache-service.js';
import { keptLog } from '../support/log.js';
import { type Machine, makeMachine, repository } from '../support/machine.js';
import { type Job, type Step, startJob } from '../support/runner.js';
import { openShop, pythonFiles, type Shop, withUv } from './shop.js';

let machine: Machine;
let shop: Shop;
let service: CacheService;

beforeEach(async () => {
  machine = await makeMachine();
  shop = await openShop();
  service = await startCacheService();
});
afterEach(() => Promise.all([shop.close(), machine.remove(), service.close()]));

const tools = (): string => join(machine.home, 'tools');
const store = (): string => join(tools(), 'paddle-mirror-setup');

/** A job on a machine of GitHub's, which is new every time. */
async function hosted(extra: Readonly<Record<string, string>> = {}): Promise<Job> {
  await rm(tools(), { recursive: true, force: true });
  const github = { RUNNER_ENVIRONMENT: 'github-hosted', RUNNER_TOOL_CACHE: tools(), ...service.environment };
  return startJob({ ...machine.environment, ...withUv(machine), ...github, ...extra });
}

const inputs = (more: Readonly<Record<string, string>> = {}) => ({
  python: machine.python,
  mirrors: shop.index.index,
  'paddle-index': shop.paddle.index,
  device: 'cpu',
  verify: 'import',
  venv: '.paddle',
  ...more,
});

async function run(job: Job, more: Readonly<Record<string, string>> = {}): Promise<Step> {
  const step = await job.uses(repository, inputs(more));
  expect([step.log, step.exitCode]).toEqual([step.log, 0]);
  return step;
}

async function end(job: Job): Promise<string> {
  const posts = await job.end();
  expect(posts.map(({ exitCode }) => exitCode)).toEqual([0]);
  return posts.map(({ log }) => log).join('\n');
}

describe("GitHub's cache", () => {
  test('is filled after a warm-up job, and the next job, on a new machine, downloads nothing', async () => {
    const first = await hosted();
    const warm = await run(first, { install: 'off' });
    expect(warm.outputs['cache-hit']).toBe('false');
    expect(warm.summary).toContain('at the end of the job');
    expect(service.keys()).toEqual([]);
    expect(await end(first)).toMatch(/Saved \d+ files/);
    expect(service.keys()).toHaveLength(1);

    const before = shop.bytes();
    const second = await hosted();
    const step = await run(second);
    expect(step.outputs['cache-hit']).toBe('true');
    expect(step.summary).toContain('nothing: the entry that was restored has every file already');
    expect(shop.bytes()).toBe(before);
    expect(await end(second)).toContain('has every file already');
    expect(service.keys()).toHaveLength(1);
  });

  test('is filled by a tar that sees no secret input', async () => {
    if (process.platform === 'win32') {
      process.stdout.write('left out: Windows runs no script in the place of tar.exe\n');
      return;
    }
    const [bin, seen] = [join(machine.home, 'bin'), join(machine.home, 'tar.env')];
    const path = withUv(machine)['PATH'] ?? '';
    await mkdir(bin);
    // A shell would not hand on, nor show, a variable with a hyphen in its name.
    const script = [
      `#!${process.execPath}`,
      `require('node:fs').appendFileSync(${JSON.stringify(seen)}, JSON.stringify(process.env));`,
      `const env = { ...process.env, PATH: ${JSON.stringify(path)} };`,
      "const done = require('node:child_process').spawnSync('tar', process.argv.slice(2), { stdio: 'inherit', env });",
      'process.exit(done.status ?? 1);',
    ];
    await writeFile(join(bin, 'tar'), script.join('\n'), { mode: 0o755 });
    const job = await hosted({ PATH: [bin, path].join(delimiter) });
    await run(job, { install: 'off', 'index-credentials': 'https://private.invalid/ reader:hunter2-of-the-index' });
    expect(await end(job)).toMatch(/Saved \d+ files/);
    const environment = await readFile(seen, 'utf8');
    expect(environment).toContain('"INPUT_INSTALL":"off"');
    expect(environment).not.toMatch(/hunter2|INDEX.CREDENTIALS/);
  });

  test('is asked by a machine that keeps its folder only for what that lacks', async () => {
    const first = await hosted();
    await run(first);
    await end(first);
    const asked = service.calls.length;
    const again = await startJob({
      ...machine.environment,
      ...withUv(machine),
      RUNNER_TOOL_CACHE: tools(),
      ...service.environment,
    });
    expect((await run(again, { cache: 'github' })).log).toContain('this machine has every file already');
    expect(service.calls).toHaveLength(asked);
    await again.end();
  });

  test('is not written by a pull request from a fork, and says so', async () => {
    const file = join(machine.home, 'event.json');
    await writeFile(file, '{"pull_request":{"head":{"repo":{"full_name":"stranger/project"}}}}');
    const job = await hosted({ GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: file });
    expect((await run(job)).summary).toContain('stranger');
    expect(await end(job)).toContain('the pull request comes from the fork stranger/project');
    expect(service.keys()).toEqual([]);
  });

  test('brings the files also where the versions are resolved again', async () => {
    const first = await hosted();
    await run(first);
    await end(first);
    const before = shop.bytes();
    const second = await hosted();
    const step = await run(second, { 'lock-max-age': '0' });
    expect(step.outputs['cache-hit']).toBe('false');
    expect(step.summary).toMatch(/partial: \d+ files/);
    expect(shop.bytes()).toBe(before);
    await end(second);
    expect(service.keys()).toHaveLength(1);
  });
});

/** Adds an entry, newer than an honest job's own, whose lock and files agree with each other. */
async function plant(change: (lock: string, sha256: string, evil: string) => string): Promise<void> {
  const job = await hosted();
  await run(job);
  await end(job);
  const wheel = tinyWheel({ name: 'numpy', version: '2.2.0', members: { 'numpy.py': "__version__ = 'evil'\n" } });
  const [[filename = '', content = Buffer.alloc(0)] = []] = Object.entries(wheel);
  const evil = createHash('sha256').update(content).digest('hex');
  const kept = await openDirectoryStore(store());
  const arrived = join(kept.folders.staging, filename);
  await writeFile(arrived, content);
  await kept.admit(arrived, { sha256: evil, filename }, 'unchecked');
  const [key = ''] = await readdir(kept.folders.locks);
  const lock = (await kept.readLock(key))?.value ?? '';
  const right = new RegExp(`${filename.replaceAll('.', '\\.')}[\\s\\S]*?([0-9a-f]{64})`).exec(lock)?.[1] ?? '';
  const poisoned = change(lock, right, evil);
  expect(poisoned).not.toBe(lock);
  await kept.writeLock(key, poisoned);
  // An archive holds its paths as seen from the workspace, which lies as deep as a job's.
  const workspace = await mkdtemp(join(tmpdir(), 'planter-'));
  const before = { ...process.env };
  const output = jest.spyOn(process.stdout, 'write').mockImplementation(() => true);
  try {
    Object.assign(process.env, service.environment, {
      RUNNER_TEMP: workspace,
      GITHUB_WORKSPACE: join(workspace, 'work'),
    });
    await mkdir(join(workspace, 'work'));
    const save = { entry: `${key}-000000000000`, key, files: [{ sha256: evil, filename }], bytes: 1, download: null };
    const signal = AbortSignal.timeout(30_000);
    expect(await saveToGithub({ client: cache, store: kept, save, log: keptLog(), signal })).not.toBeNull();
  } finally {
    output.mockRestore();
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
    await rm(workspace, { recursive: true, force: true });
  }
}

describe('a lock that somebody else put into the cache', () => {
  test('with a file of another hash is resolved again: the right bytes are installed', async () => {
    await plant((lock, sha256, evil) => lock.replaceAll(sha256, evil));
    const job = await hosted();
    const step = await run(job);
    expect(step.log).toMatch(/lock from GitHub's cache is resolved again: numpy-\S+ has another hash on the index/);
    expect((await job.run('python', '-c', 'import numpy; print(numpy.__version__)')).log).toBe('2.2.0');
    await end(job);
  });

  test('with a package that nothing requires is resolved again', async () => {
    const [[filename = '', content = Buffer.alloc(0)] = []] = Object.entries(pythonFiles()['six'] ?? {});
    const sha256 = createHash('sha256').update(content).digest('hex');
    const version = /^six-([\d.]+)-/.exec(filename)?.[1];
    await plant((lock) => {
      const url = `${shop.index.url}/files/six/${filename}`;
      const wheels = `[[packages.wheels]]\nname = "${filename}"\nurl = "${url}"\nhashes = { sha256 = "${sha256}" }\n`;
      return `${lock}\n[[packages]]\nname = "six"\nversion = "${version}"\n${wheels}`;
    });
    const job = await hosted();
    expect((await run(job)).log).toContain(`is resolved again: nothing requires ${filename}`);
    expect((await job.run('python', '-c', 'import six')).exitCode).toBe(1);
    await end(job);
  });
});
