import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Report } from '../../src/values/report.js';
import { evaluate } from '../gateway/real-tools.js';
import { deadToken } from '../support/dead.js';
import { type Machine, makeMachine } from '../support/machine.js';
import { openShop, type Shop, setup, short } from './shop.js';
import { makeHost, users } from './users.js';

let machine: Machine;
let shop: Shop;
let folder = '';

beforeEach(async () => {
  machine = await makeMachine();
  shop = await openShop();
  folder = join(machine.work, 'cache');
});
afterEach(async () => {
  await Promise.all([shop.close(), machine.remove()]);
});

const install = (version: string, ...more: string[]) =>
  setup(machine, shop, [
    ...['--cache-path', folder, '--paddle-version', version],
    ...(more.includes('--venv') ? more : ['--venv', `v${version}`, ...more]),
  ]);
async function cache(...args: string[]) {
  const said = await machine.cli(['cache', ...args, '--cache-path', folder, '--json']);
  return { ...said, report: JSON.parse(said.stdout === '' ? '{}' : said.stdout) as Report };
}
/** The one file below a folder of the cache whose name ends so. */
async function find(below: string, end: string): Promise<string> {
  const names = await readdir(join(folder, below), { recursive: true });
  return join(folder, below, names.find((name) => name.endsWith(end)) ?? `no ${end}`);
}

describe('the owner of a machine', () => {
  test('sees what the cache holds and for which key', async () => {
    await install('3.2.2');
    await install('3.1.1');
    const { report } = await cache('ls');
    const paddle = report.store?.holdings.filter(({ name }) => name.startsWith('paddlepaddle')) ?? [];
    expect(paddle.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual([
      'unpacked paddlepaddle 3.1.1',
      'unpacked paddlepaddle 3.2.2',
      'wheel paddlepaddle-3.1.1-py3-none-any.whl',
      'wheel paddlepaddle-3.2.2-py3-none-any.whl',
    ]);
    expect(paddle.every(({ keys }) => keys.length === 1)).toBe(true);
    const shared = report.store?.holdings.find(({ name }) => name.startsWith('idna-'));
    expect(shared?.keys).toHaveLength(2);
    const plain = await machine.cli(['cache', 'ls', '--cache-path', folder]);
    expect(plain).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('limit 30.0 GB') });
    expect(plain.stdout).toContain(shared?.keys[0] ?? 'no key');
  });

  test('finds and removes a wheel, unpacked files and nothing else that were changed; the next run brings them again', async () => {
    await install('3.2.2');
    expect(await cache('verify')).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('are right') });
    const wheel = await find('wheels', 'paddlepaddle-3.2.2-py3-none-any.whl');
    const module = await find('users', 'numpy.py');
    await chmod(wheel, 0o644);
    for (const path of [wheel, module]) await writeFile(path, (await readFile(path)).reverse());
    const wrong = await cache('verify');
    expect(wrong.exitCode).toBe(1);
    expect(wrong.report.problems.map(({ what }) => what)).toEqual([
      expect.stringContaining('Its sha256 is'),
      expect.stringContaining('numpy.py of numpy 2.2.0'),
    ]);
    expect(await cache('verify')).toMatchObject({ exitCode: 0 });
    // The first environment shares the changed file; a new one gets a new file.
    expect((await install('3.2.2', '--venv', 'new')).exitCode).toBe(0);
    expect(evaluate(join(machine.work, 'new', 'bin', 'python'), 'import numpy; print(numpy.__version__)')).toBe(
      '2.2.0',
    );
  });

  test('brings the cache below a limit, and what is needed again is brought again', async () => {
    await install('3.2.2');
    const { report } = await cache('prune', '--cache-limit', '0.001MB');
    expect(report.store?.evicted.length).toBeGreaterThan(4);
    expect(report.store?.bytes).toBeLessThanOrEqual(1000);
    const again = await setup(machine, shop, ['--cache-path', folder, '--paddle-version', '3.2.2', '--venv', 'other']);
    expect([again.stderr, again.exitCode]).toEqual([again.stderr, 0]);
  });

  test('is told where a folder is no cache; nothing is made or removed there', async () => {
    for (const command of ['ls', 'verify', 'prune']) {
      const said = await cache(command);
      expect(said).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('is no cache folder') });
    }
    expect(await machine.files()).toEqual([]);
  });

  test('is told by `plan` what would be done, and finds the folder as it was', async () => {
    const own = join(machine.work, 'own');
    await mkdir(own);
    await writeFile(join(own, 'diary.txt'), '');
    const said = await machine.cli(['plan', '--cache-path', own, '--paddle-version', '3.2.2', ...short(machine, shop)]);
    expect([said.stderr, said.exitCode]).toEqual([said.stderr, 0]);
    expect(await readdir(own)).toEqual(['diary.txt']);
  });

  test("lists and checks a cache that is another user's, and is told in one line why it can not be pruned", async () => {
    const [user] = users ?? [];
    if (user === undefined) {
      console.log('left out: nobody but root can become another user');
      return;
    }
    const host = await makeHost();
    try {
      const root = join(host.shared, 'cache');
      await mkdir(join(root, 'wheels'), { recursive: true });
      await mkdir(join(root, 'running'));
      await writeFile(join(root, 'running', 'dead.json'), await deadToken());
      for (const folder of [root, join(root, 'wheels')]) await chmod(folder, 0o755);
      for (const command of ['ls', 'verify']) {
        const said = await host.cli(user, ['cache', command, '--cache-path', root]);
        expect([said.stderr, said.exitCode]).toEqual([said.stderr, 0]);
      }
      const said = await host.cli(user, ['cache', 'prune', '--cache-path', root]);
      expect([said.stderr, said.exitCode]).toEqual([
        expect.stringContaining(
          `--cache-path: ${root} can't be written by this user (EACCES): nothing can be removed.`,
        ),
        2,
      ]);
      expect(await readdir(join(root, 'running'))).toEqual(['dead.json']);
    } finally {
      await host.remove();
    }
  });

  test('is told of what is wrong and belongs to another user, and of all else', async () => {
    const [user] = users ?? [];
    if (user === undefined) {
      console.log('left out: nobody but root can become another user');
      return;
    }
    const host = await makeHost();
    try {
      const root = join(host.shared, 'cache');
      for (const digest of ['a', 'b'].map((letter) => letter.repeat(64))) {
        await mkdir(join(root, 'wheels', digest.slice(0, 2), digest), { recursive: true });
        await writeFile(join(root, 'wheels', digest.slice(0, 2), digest, 'thing-1.0-py3-none-any.whl'), 'wrong');
      }
      await chmod(root, 0o777);
      const said = await host.cli(user, ['cache', 'verify', '--cache-path', root]);
      expect([said.stderr, said.exitCode]).toEqual([said.stderr, 1]);
      expect(said.stderr.match(/this user may not remove it/g)).toHaveLength(2);
      expect(said.stderr).not.toContain('defect');
    } finally {
      await host.remove();
    }
  });
});

test('a run that adds something evicts what was not used for longest, never its own files, and says so', async () => {
  await install('3.1.1');
  const later = await install('3.2.2', '--cache-limit', '0.001MB');
  expect([later.stderr, later.exitCode]).toEqual([expect.stringContaining('Evicted'), 0]);
  expect(later.stderr).toContain('paddlepaddle-3.1.1-py3-none-any.whl');
  expect(later.stderr).toMatch(/holds .* more than --?cache-limit allows|more than cache-limit allows/);
  const { report } = await cache('ls');
  const names = report.store?.holdings.map(({ name }) => name) ?? [];
  expect(names).toContain('paddlepaddle-3.2.2-py3-none-any.whl');
  expect(names).not.toContain('paddlepaddle-3.1.1-py3-none-any.whl');
});
