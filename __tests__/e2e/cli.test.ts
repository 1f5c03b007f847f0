import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { evaluate, realPip } from '../gateway/real-tools.js';
import { type Machine, makeMachine } from '../support/machine.js';
import { openShop, type Shop, setup, short, withUv } from './shop.js';

let machine: Machine;
let shop: Shop;

beforeEach(async () => {
  machine = await makeMachine();
  shop = await openShop();
});
afterEach(async () => {
  await Promise.all([shop.close(), machine.remove()]);
});

/** A bare environment of the machine's Python; gives its interpreter. */
function makeVenv(folder: string): string {
  execFileSync(machine.python, ['-m', 'venv', '--without-pip', folder]);
  return join(folder, 'bin', 'python');
}

const inVenv = (venv: string) => join(machine.work, venv, 'bin', 'python');
const versionIn = (python: string) => evaluate(python, 'import paddle; print(paddle.__version__)');

describe('setup from a shell', () => {
  test('installs the newest good release into an environment that it makes', async () => {
    const said = await setup(machine, shop, ['--venv', '.paddle']);
    expect([said.stderr, said.exitCode]).toEqual([expect.stringContaining('3.3.1 is newer'), 0]);
    expect(said.stdout).toContain('paddlepaddle 3.2.2');
    expect(versionIn(inVenv('.paddle'))).toBe('3.2.2');
    expect(said.report.cache).toMatchObject({ hit: 'miss', filesReused: 0 });
    expect(said.report.lock.files.map(({ name }) => name).sort()).toEqual([
      'idna',
      'numpy',
      'paddlepaddle',
      'setuptools',
    ]);
  });

  test('downloads nothing the second time, and needs no network for it', async () => {
    await setup(machine, shop, ['--venv', '.paddle']);
    const before = shop.bytes();
    expect(before).toBeGreaterThan(0);
    const again = await setup(machine, shop, ['--venv', 'other']);
    expect(again.exitCode).toBe(0);
    expect(again.report).toMatchObject({ cache: { hit: 'exact', bytesDownloaded: 0 }, gateway: { bytesFetched: 0 } });
    expect(shop.bytes()).toBe(before);
    await shop.close();
    // A wheel that went counts no less where its unpacked files are used.
    const wheels = join(dirname(dirname(dirname(again.report.lock.path))), 'wheels');
    const [gone = ''] = (await readdir(wheels, { recursive: true })).filter((name) => /idna-.*\.whl$/.test(name));
    await rm(join(wheels, gone));
    const linked = await setup(machine, shop, ['--venv', 'linked']);
    expect(linked).toMatchObject({ exitCode: 0, report: { cache: { hit: 'exact', filesReused: 4 } } });
    const alone = await setup(machine, shop, ['--venv', 'third']);
    expect([alone.stderr, alone.exitCode]).toEqual([alone.stderr, 0]);
    expect(versionIn(inVenv('third'))).toBe('3.2.2');
  });

  test('resolves again once the kept lock is too old, and takes the files from the cache', async () => {
    await setup(machine, shop, ['--venv', '.paddle']);
    const before = shop.bytes();
    const again = await setup(machine, shop, ['--venv', '.paddle', '--lock-max-age', '0']);
    expect(again).toMatchObject({ exitCode: 0, report: { lock: { resolved: true }, cache: { hit: 'partial' } } });
    expect(shop.bytes()).toBe(before);
  });

  test('changes the release of an environment that is there', async () => {
    await setup(machine, shop, ['--venv', '.paddle']);
    const older = await setup(machine, shop, ['--venv', '.paddle', '--paddle-version', '3.1.1']);
    expect(older).toMatchObject({ exitCode: 0, report: { plan: { version: '3.1.1' } } });
    expect(versionIn(inVenv('.paddle'))).toBe('3.1.1');
  });

  test('warns of a release with a defect that was asked for by version, and installs it', async () => {
    const said = await setup(machine, shop, ['--venv', '.paddle', '--paddle-version', '3.3.1']);
    expect(said).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/warning: .*oneDNN/) });
    expect(versionIn(inVenv('.paddle'))).toBe('3.3.1');
  });

  test('installs into the environment of the interpreter where no other is named', async () => {
    const python = makeVenv(join(machine.work, 'own'));
    const said = await setup(machine, shop, ['--python', python]);
    expect([said.stderr, said.exitCode]).toEqual([said.stderr, 0]);
    expect(versionIn(python)).toBe('3.2.2');
    expect(said.report.configured).not.toHaveProperty('VIRTUAL_ENV');
  });

  test('uses an environment that somebody else made, and leaves what else is in it', async () => {
    const python = makeVenv(join(machine.work, 'theirs'));
    const site = evaluate(python, 'import sysconfig; print(sysconfig.get_path("purelib"))');
    execFileSync(python, ['-c', `open(${JSON.stringify(join(site, 'mine.py'))}, 'w').write('x = 1')`]);
    expect((await setup(machine, shop, ['--venv', 'theirs'])).exitCode).toBe(0);
    expect(evaluate(python, 'import mine, paddle; print(mine.x, paddle.__version__)')).toBe('1 3.2.2');
  });

  for (const installer of ['uv', 'pip']) {
    test(`puts an environment right that lost files, by ${installer} and from the cache alone`, async () => {
      const options = ['--installer', installer, '--packages', 'six', '--venv', '.paddle'];
      expect((await setup(machine, shop, options)).exitCode).toBe(0);
      const site = evaluate(inVenv('.paddle'), 'import sysconfig; print(sysconfig.get_path("purelib"))');
      await rm(join(site, 'idna', 'core.py'));
      // A file of its own: the cache may share the one that it is linked from.
      await rm(join(site, 'six.py'));
      await writeFile(join(site, 'six.py'), '');
      await shop.close();
      const again = await setup(machine, shop, options);
      expect([again.stderr, again.exitCode]).toEqual([
        expect.stringMatching(/idna\/core\.py of idna is gone[\s\S]*six\.py of six is/),
        0,
      ]);
      expect(evaluate(inVenv('.paddle'), 'import idna, six; print(idna.encode("a"), six.PY3)')).toBe("b'a' True");
      expect((await setup(machine, shop, options)).stderr).not.toContain('installed again');
    });

    test(`installs the same files by ${installer}, cold and from the cache`, async () => {
      const options = ['--installer', installer, '--packages', 'six', '--venv'];
      const cold = await setup(machine, shop, [...options, '.paddle']);
      expect([cold.stderr, cold.exitCode]).toEqual([cold.stderr, 0]);
      expect(cold.report.install.installer).toBe(installer);
      await shop.close();
      const warm = await setup(machine, shop, [...options, 'second']);
      expect([warm.stderr, warm.exitCode]).toEqual([warm.stderr, 0]);
      expect(evaluate(inVenv('second'), 'import paddle, idna, six; print(paddle.__version__)')).toBe('3.2.2');
    });
  }

  test('only fills the cache with install switched off; the installation then needs no network', async () => {
    const filled = await setup(machine, shop, ['--venv', '.paddle', '--install', 'off']);
    expect([filled.stderr, filled.exitCode]).toEqual([filled.stderr, 0]);
    expect(existsSync(join(machine.work, '.paddle'))).toBe(false);
    await shop.close();
    const installed = await setup(machine, shop, ['--venv', '.paddle']);
    expect([installed.stderr, installed.exitCode]).toEqual([installed.stderr, 0]);
    expect(versionIn(inVenv('.paddle'))).toBe('3.2.2');
  });

  test('keeps nothing with the cache switched off', async () => {
    const said = await setup(machine, shop, ['--venv', '.paddle', '--cache', 'off']);
    expect([said.stderr, said.exitCode]).toEqual([said.stderr, 0]);
    expect((await machine.files()).filter((path) => path.endsWith('.whl') || path.startsWith('.cache/'))).toEqual([]);
  });

  test('writes a lock that uv and pip install without us', async () => {
    const { report } = await setup(machine, shop, ['--venv', '.paddle']);
    expect(await readFile(report.lock.path, 'utf8')).not.toContain('.invalid');
    const path = withUv(machine)['PATH'] ?? '';
    const env = { ...machine.environment, PATH: path, PIP_FIND_LINKS: '' };
    const byUv = makeVenv(join(machine.work, 'by-uv'));
    await promisify(execFile)('uv', ['pip', 'sync', '--python', byUv, report.lock.path], { env });
    expect(versionIn(byUv)).toBe('3.2.2');
    const byPip = makeVenv(join(machine.work, 'by-pip'));
    const args = [realPip(null), 'install', '--isolated', '--no-index', '-r', report.lock.path];
    await promisify(execFile)(byPip, args, { env });
    expect(versionIn(byPip)).toBe('3.2.2');
  });
});

describe('the other commands', () => {
  const run = (...args: string[]) => machine.cli(args, withUv(machine));

  test('plan says what would be done and does nothing', async () => {
    const said = await run('plan', ...short(machine, shop), '--venv', '.paddle');
    expect([said.stderr, said.exitCode]).toEqual([said.stderr, 0]);
    for (const words of ['paddlepaddle 3.2.2', 'setuptools', 'key: ']) expect(said.stdout).toContain(words);
    expect(await machine.files()).toEqual([]);
    const json = await run('plan', ...short(machine, shop), '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ command: 'plan', plan: { version: '3.2.2', device: 'cpu' } });
    expect(shop.bytes()).toBe(0);
  });

  test('probe shows every source with its answer', async () => {
    const dead = 'http://127.0.0.1:9/simple/';
    const said = await run('probe', ...short(machine, shop), '--mirrors', `${shop.index.index},${dead}`);
    expect(said).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/127\.0\.0\.1:9[\s\S]*refused/) });
    expect(await machine.files()).toEqual([]);
  });

  test('verify checks an environment, whoever made it', async () => {
    await setup(machine, shop, ['--venv', '.paddle']);
    const good = await run('verify', '--venv', '.paddle', '--verify', 'import');
    expect(good).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('3.2.2') });
    await setup(machine, shop, ['--venv', '.paddle', '--verify', 'off']);
    execFileSync(inVenv('.paddle'), ['-c', 'import paddle; open(paddle.__file__, "a").write("raise ImportError()")']);
    const bad = await run('verify', '--venv', '.paddle', '--verify', 'import');
    expect(bad.exitCode).toBe(3);
    const none = await run('verify', '--python', makeVenv(join(machine.work, 'empty')));
    expect(none).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('no PaddlePaddle') });
  });

  test('restore takes back what an earlier run wrote', async () => {
    await setup(machine, shop, ['--venv', '.paddle', '--environment-file', 'later.env']);
    const text = await readFile(join(machine.work, 'later.env'), 'utf8');
    expect(text).toContain(join(machine.work, '.paddle'));
    expect(await run('restore')).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('later.env') });
    expect(existsSync(join(machine.work, 'later.env'))).toBe(false);
    expect(await run('restore')).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('nothing') });
  });

  test('a flag that takes one value is refused twice, one that takes several adds up', async () => {
    const twice = await run('setup', '--device', 'cpu', '--device', 'gpu');
    expect(twice).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/--device: .*twice/) });
    const lines = await setup(machine, shop, ['--venv', '.paddle', '--packages', 'six', '--packages', 'idna']);
    expect(lines.report.lock.files.map(({ name }) => name)).toEqual(expect.arrayContaining(['six', 'idna']));
  });

  test('help names every command and input, version is a version', async () => {
    const help = await run('setup', '--help');
    expect(help.exitCode).toBe(0);
    for (const word of [
      'plan',
      'probe',
      'verify',
      'restore',
      '--paddle-version',
      '--lock-max-age',
      '--json',
      '3 verif',
    ])
      expect(help.stdout).toContain(word);
    expect(await run('--version')).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });
});

test('an installation that a mirror turns away tells what that mirror said, not the status that uv saw', async () => {
  let wall = false;
  await shop.close();
  shop = await openShop({
    fault: ({ path }) => (wall && path.endsWith('.whl') ? { kind: 'status', status: 403, body: 'blocked' } : null),
  });
  expect((await setup(machine, shop, ['--venv', 'first'])).exitCode).toBe(0);
  const cache = join(machine.home, '.cache', 'paddle-mirror-setup');
  await rm(join(cache, 'wheels'), { recursive: true });
  for (const user of await readdir(join(cache, 'users')))
    await rm(join(cache, 'users', user, 'uv'), { recursive: true });
  wall = true;
  const { exitCode, report, stderr } = await setup(machine, shop, ['--venv', 'second']);
  expect([stderr, exitCode]).toEqual([stderr, 1]);
  expect(report.problems.map(({ what }) => what).join()).toContain('answered 403');
  expect(stderr).not.toContain('502');
}, 60_000);
