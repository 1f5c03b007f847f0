import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { evaluate } from '../gateway/real-tools.js';
import { tinyWheel } from '../install/tiny-wheel.js';
import { type Machine, makeMachine } from '../support/machine.js';
import { type Mirror, startMirror } from '../support/mirror.js';
import { openShop, pythonFiles, type Shop, setup } from './shop.js';
import { sourceDistribution, writeProject } from './source-project.js';

let machine: Machine;
let shop: Shop;
/** An index of the user's own, beside the Python index. */
let own: Mirror;

const demo = (version: string) => tinyWheel({ name: 'demo', version });

beforeEach(async () => {
  machine = await makeMachine();
  const built = await sourceDistribution(join(machine.home, 'sdist'), 'fromsource', '1.0');
  const demos = { ...demo('1.0'), ...demo('2.0') };
  shop = await openShop({ files: { ...pythonFiles(), demo: demos, fromsource: built } });
  own = await startMirror({ files: { inhouse: tinyWheel({ name: 'inhouse', version: '1.0' }) } });
});
afterEach(async () => {
  await Promise.all([shop.close(), own.close(), machine.remove()]);
});

const write = (name: string, ...lines: string[]) => writeFile(join(machine.work, name), `${lines.join('\n')}\n`);
const ask = (line: string) => evaluate(join(machine.work, '.paddle', 'bin', 'python'), line);

/** Installs `requirements.txt` with PaddlePaddle into `.paddle`. */
async function install(...lines: string[]) {
  await write('requirements.txt', ...lines);
  const said = await setup(machine, shop, ['--venv', '.paddle', '--requirements', 'requirements.txt']);
  expect([said.stderr, said.exitCode]).toEqual([said.stderr, 0]);
  const versions = Object.fromEntries(said.report.lock.files.map(({ name, version }) => [name, version]));
  return { ...said, versions };
}

describe('requirements installed together with PaddlePaddle', () => {
  test('nest, and constraints bind', async () => {
    await mkdir(join(machine.work, 'more'));
    await write('more/nested.txt', 'demo', '-c ../limits.txt');
    await write('limits.txt', 'demo<2', 'never-installed==1');
    const { versions } = await install('six', '-r more/nested.txt');
    expect(versions).toMatchObject({ demo: '1.0', paddlepaddle: '3.2.2', six: expect.any(String) });
    expect(versions).not.toHaveProperty('never-installed');
  });

  test('choose the release of PaddlePaddle', async () => {
    expect((await install('paddlepaddle>=3.1,<3.2', 'six')).versions['paddlepaddle']).toBe('3.1.1');
  });

  test('may name an index of their own', async () => {
    const { versions } = await install(`--extra-index-url ${own.index}`, 'inhouse');
    expect(versions['inhouse']).toBe('1.0');
  });

  test('may name the index itself, which takes part where nothing was chosen', async () => {
    await write('requirements.txt', `--index-url ${shop.index.index}`, 'demo');
    // Every other source lies behind a proxy that is not there.
    const nowhere = { HTTPS_PROXY: 'http://127.0.0.1:9', HTTP_PROXY: 'http://127.0.0.1:9', NO_PROXY: '' };
    const options = ['--mirrors', 'auto', '--venv', '.paddle', '--requirements', 'requirements.txt'];
    const said = await setup(machine, shop, options, nowhere);
    expect([said.stderr, said.exitCode]).toEqual([said.stderr, 0]);
    expect(ask('import demo; print(demo.version)')).toBe('2.0');
  });

  test('may be links, which come through the gateway and are locked', async () => {
    const url = `${shop.index.url}/files/demo/demo-1.0-py3-none-any.whl`;
    const { versions, report } = await install(`demo @ ${url}`);
    expect(versions['demo']).toBe('1.0');
    const lock = await readFile(report.lock.path, 'utf8');
    expect(lock).toContain(url);
    await shop.close();
    expect((await install(`demo @ ${url}`)).report.cache.hit).toBe('exact');
  });

  test('may be wheels of this machine', async () => {
    await mkdir(join(machine.work, 'wheels'));
    for (const [name, content] of Object.entries(tinyWheel({ name: 'mine', version: '4.0' })))
      await writeFile(join(machine.work, 'wheels', name), content);
    expect((await install('./wheels/mine-4.0-py3-none-any.whl')).versions['mine']).toBe('4.0');
    expect(ask('import mine; print(mine.version)')).toBe('4.0');
    // It stays where it is, so the cache does not lack it.
    expect((await install('./wheels/mine-4.0-py3-none-any.whl')).report.cache.hit).toBe('exact');
  });

  test('may come as source, which is built here and warned of', async () => {
    const { report, stderr } = await install('fromsource');
    expect(stderr).toMatch(/warning: fromsource 1\.0 .*it is built from fromsource-1\.0\.tar\.gz/);
    expect(report.lock.files.find(({ name }) => name === 'fromsource')?.kind).toBe('sdist');
    expect(ask('import fromsource; print(fromsource.version)')).toBe('1.0');
  });

  test('may come from a version control system or be editable, which is reported as not hashed', async () => {
    const repository = join(machine.work, 'repository');
    await writeProject(repository, 'versioned', '1.5');
    const git = (...args: string[]) => execFileSync('git', ['-C', repository, ...args], { stdio: 'pipe' });
    git('init', '--quiet');
    git('add', '.');
    git('-c', 'user.name=t', '-c', 'user.email=t@t.example', 'commit', '--quiet', '--message', 'first');
    await writeProject(join(machine.work, 'local'), 'editable', '0.1');
    const { report, stderr } = await install(`versioned @ git+file://${repository}`, '-e ./local');
    expect(report.lock.unhashed).toHaveLength(2);
    expect(stderr).toMatch(/not hashed|no hash/i);
    expect(ask('import versioned, editable; print(versioned.version, editable.version)')).toBe('1.5 0.1');
  });

  test('do not make a host trusted, and are told so', async () => {
    expect((await install('--trusted-host 127.0.0.1', 'six')).stderr).toMatch(/warning: .*trusted-host/);
  });

  test('that contradict each other are explained, and nothing is made', async () => {
    await write('requirements.txt', 'demo>=2', 'demo<2');
    const said = await setup(machine, shop, ['--venv', '.paddle', '--requirements', 'requirements.txt']);
    expect(said).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/demo>=2[\s\S]*demo<2|demo<2[\s\S]*demo>=2/),
    });
    expect(await machine.files()).not.toContain('.paddle');
  });

  test('that no index has are named', async () => {
    await write('requirements.txt', 'no-such-thing');
    const said = await setup(machine, shop, ['--venv', '.paddle', '--requirements', 'requirements.txt']);
    expect(said).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('no-such-thing') });
  });

  test('may be the lock of an earlier run: no index is asked', async () => {
    const { report } = await install('six');
    await write('pylock.toml', await readFile(report.lock.path, 'utf8'));
    const pages = shop.index.requests.length;
    const said = await setup(machine, shop, ['--venv', 'again', '--requirements', 'pylock.toml']);
    expect([said.stderr, said.exitCode]).toEqual([said.stderr, 0]);
    expect(said.report.lock.resolved).toBe(false);
    expect(shop.index.requests).toHaveLength(pages);
  });
});
