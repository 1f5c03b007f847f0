import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { evaluate } from '../gateway/real-tools.js';
import { type Authority, makeAuthority } from '../support/certificates.js';
import { type Machine, makeMachine, repository } from '../support/machine.js';
import { startProxy } from '../support/proxy.js';
import { openShop, type Shop, setup } from './shop.js';

let machine: Machine;

beforeEach(async () => {
  machine = await makeMachine();
});
afterEach(() => machine.remove());

const installed = () =>
  evaluate(join(machine.work, '.paddle', 'bin', 'python'), 'import paddle, idna; print(paddle.__version__)');

async function expectInstalled(
  shop: Shop,
  options: readonly string[],
  extra: Readonly<Record<string, string>>,
): Promise<void> {
  const said = await setup(machine, shop, ['--venv', '.paddle', ...options], extra);
  expect([said.stderr, said.exitCode]).toEqual([said.stderr, 0]);
  expect(installed()).toBe('3.2.2');
}

test('a reader that leaves early is told of no defect, and the exit code still tells', async () => {
  const child = spawn(process.execPath, [join(repository, 'dist', 'cli', 'index.js'), '--help'], {
    env: { ...machine.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  const said = text(child.stderr);
  const [code] = await once(child, 'close');
  expect([await said, code]).toEqual(['', 0]);
});

test('a full disk behind standard output is one line and a failure', async () => {
  if (process.platform !== 'linux') {
    process.stdout.write('left out: only Linux has /dev/full\n');
    return;
  }
  const full = ['sh', '-c', 'exec "$@" >/dev/full', 'sh'];
  const said = await machine.cli(['--help'], {}, undefined, full);
  expect(said).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^error: standard output .*ENOSPC.*\n$/) });
});

test('a folder for temporary files that is not there is told before anything is made', async () => {
  const shop = await openShop();
  const said = await setup(machine, shop, ['--venv', '.paddle'], { TMPDIR: join(machine.home, 'gone') });
  expect(said).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/error: TMPDIR: .*gone, does not exist\./) });
  expect(await machine.files()).toEqual(['report.json']);
  await shop.close();
});

test('a working folder that was removed is told without a stack', async () => {
  const removed = ['sh', '-c', 'mkdir gone; cd gone; rmdir ../gone; exec "$@"', 'sh'];
  const said = await machine.cli(['plan', '--json'], {}, undefined, removed);
  expect(said).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('error: working folder: ') });
  expect(said.stderr).not.toContain('defect');
  expect(JSON.parse(said.stdout)).toMatchObject({ command: 'plan', problems: [{ where: 'working folder' }] });
});

describe('settings for uv and pip that lie around', () => {
  const nowhere = 'http://127.0.0.1:9/simple';
  const litter = {
    UV_INDEX_URL: nowhere,
    UV_DEFAULT_INDEX: nowhere,
    UV_INDEX: nowhere,
    UV_OFFLINE: '1',
    UV_NO_CACHE: '1',
    UV_NO_BINARY: '1',
    UV_SYSTEM_PYTHON: '1',
    UV_CACHE_DIR: '/dev/null',
    UV_CONSTRAINT: '/dev/null/none',
    PIP_NO_INDEX: '1',
    PIP_TARGET: '/dev/null',
    PIP_REQUIRE_VIRTUALENV: '1',
    PIP_NO_BINARY: ':all:',
    PIP_CONSTRAINT: '/dev/null/none',
    NO_PROXY: '*',
    no_proxy: '*',
    REQUEST_METHOD: 'GET',
  };

  for (const installer of ['uv', 'pip']) {
    test(`change nothing for ${installer}`, async () => {
      const shop = await openShop();
      const uvToml =
        'offline = true\nno-cache = true\nhttp-proxy = "http://127.0.0.1:9"\nindex-url = "http://127.0.0.1:9"\n';
      await writeFile(join(machine.work, 'uv.toml'), uvToml);
      await writeFile(join(machine.work, 'pyproject.toml'), '[tool.uv]\noffline = true\n');
      await expectInstalled(shop, ['--installer', installer], litter);
      await shop.close();
    });
  }
});

describe('a corporate network', () => {
  let authority: Authority;
  beforeEach(async () => {
    authority = await makeAuthority();
  });
  afterEach(() => authority.remove());

  /** Settings that name certificates, all switched off. */
  const off = { PIP_CERT: '', SSL_CERT_FILE: '', SSL_CERT_DIR: '', REQUESTS_CA_BUNDLE: '', NODE_EXTRA_CA_CERTS: '' };

  for (const setting of ['PIP_CERT', 'SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE']) {
    test(`whose certificate only ${setting} names is used all the same`, async () => {
      const shop = await openShop({ tls: await authority.issue('127.0.0.1') });
      await expectInstalled(shop, [], { ...off, CURL_CA_BUNDLE: '', [setting]: authority.caFile });
      await shop.close();
    });
  }

  test('whose certificate nobody names is told so', async () => {
    const shop = await openShop({ tls: await authority.issue('127.0.0.1') });
    const said = await setup(machine, shop, ['--venv', '.paddle'], { ...off, CURL_CA_BUNDLE: '' });
    expect(said).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/certificate[\s\S]*SSL_CERT_FILE/) });
    await shop.close();
  });

  test('whose proxy would not reach this machine itself is left out of loopback', async () => {
    const [shop, proxy] = [await openShop(), await startProxy()];
    const extra = { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, http_proxy: proxy.url, NO_PROXY: '', no_proxy: '' };
    await expectInstalled(shop, [], extra);
    expect(proxy.passed).toEqual([]);
    await Promise.all([shop.close(), proxy.close()]);
  });

  test('whose proxy is the only way to the index is gone through, with its password', async () => {
    const shop = await openShop();
    const { port } = new URL(shop.index.url);
    const proxy = await startProxy({ auth: 'who:hunter2', hosts: { 'index.example': `127.0.0.1:${port}` } });
    const address = proxy.url.replace('//', '//who:hunter2@');
    const options = ['--mirrors', 'http://index.example/simple/'];
    await expectInstalled(shop, options, { HTTP_PROXY: address, http_proxy: address, NO_PROXY: '', no_proxy: '' });
    expect(proxy.passed.length).toBeGreaterThan(0);
    await Promise.all([shop.close(), proxy.close()]);
  });
});
