import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { realUv } from '../install/real-uv.js';
import { content, sha256 } from '../transfer/setup.js';
import { behind, evaluate, makeVenv, realPip, realWheels } from './real-tools.js';
import { type House, openHouse } from './setup.js';
import { tinyWheel } from './tiny-wheel.js';

const uv = realUv('0.13.9');
const wheels = realWheels();
const houses: House[] = [];
let folder = '';

const house = async (...args: Parameters<typeof openHouse>): Promise<House> => {
  const opened = await openHouse(...args);
  houses.push(opened);
  return opened;
};
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'installers-'));
});
afterEach(async () => {
  await Promise.all(houses.splice(0).map((h) => h.close()));
  await rm(folder, { recursive: true, force: true });
});

const uvInstall = (cache: string, python: string, ...rest: string[]): string[] => [
  ...['pip', 'install', '--no-config', '--preview-features', 'pylock', '--cache-dir', cache, '--python', python],
  ...rest,
];
const versions = 'import idna, six, numpy; print(idna.idnadata.__version__ != "", six.PY3, int(numpy.ones(3).sum()))';

describe('behind the gateway', () => {
  test('uv resolves and installs real wheels', async () => {
    const h = await house(wheels);
    const python = makeVenv(join(folder, 'venv'));
    await behind(
      h.gateway,
      uv,
      ...uvInstall(join(folder, 'uv'), python, '--index-url', h.gateway.indexUrl, 'idna', 'six', 'numpy'),
    );
    expect(evaluate(python, versions)).toBe('True True 3');
    expect(h.gateway.stats()).toMatchObject({ pages: 3, files: 3, broken: [], refused: 0 });
  });

  test('uv resolves by METADATA alone where no page tells a hash, and each wheel is transferred once', async () => {
    const h = await house(wheels, { listed: false, mirrors: [{ hashes: false }] });
    await writeFile(join(folder, 'in.txt'), 'numpy\n');
    const resolve = [
      'pip',
      'compile',
      '--no-config',
      '--python',
      makeVenv(join(folder, 'venv')),
      '--cache-dir',
      join(folder, 'uv'),
      '--index-url',
      h.gateway.indexUrl,
    ];
    expect(await behind(h.gateway, uv, ...resolve, join(folder, 'in.txt'))).toContain('numpy==');
    expect(h.gateway.stats().files).toBe(0);
    const numpy = Object.values(wheels['numpy'] ?? {})[0] ?? Buffer.alloc(0);
    expect(h.transfers.fetched()['0']).toBeLessThan(numpy.length / 2);
  });

  test('uv installs from a pylock.toml of published addresses without asking for a page', async () => {
    const h = await house(wheels);
    const packages = Object.entries(wheels).flatMap(([project, files]) =>
      Object.keys(files).map((name) => {
        const address = h.gateway.publish(h.file(project, name));
        const hash = h.file(project, name).sha256;
        const version = name.split('-')[1];
        return `[[packages]]\nname = "${project}"\nversion = "${version}"\nindex = "${h.gateway.indexUrl}"\nwheels = [{ name = "${name}", url = "${address}", hashes = { sha256 = "${hash}" } }]\n`;
      }),
    );
    const lock = join(folder, 'pylock.toml');
    await writeFile(lock, `lock-version = "1.0"\ncreated-by = "test"\n${packages.join('')}`);
    const python = makeVenv(join(folder, 'venv'));
    await behind(h.gateway, uv, ...uvInstall(join(folder, 'uv'), python, '--no-deps', '-r', lock));
    expect(evaluate(python, versions)).toBe('True True 3');
    expect(h.gateway.stats()).toMatchObject({ pages: 0, files: 3 });
  });

  for (const version of ['23.2.1', null]) {
    test(`pip ${version ?? '(the newest)'} installs real wheels, hashes required`, async () => {
      const pip = realPip(version);
      const h = await house(wheels);
      const python = makeVenv(join(folder, 'venv'));
      const lines = Object.values(wheels).flatMap((files) =>
        Object.entries(files).map(
          ([name, bytes]) => `${name.split('-').slice(0, 2).join('==')} --hash=sha256:${sha256(bytes)}`,
        ),
      );
      await writeFile(join(folder, 'requirements.txt'), lines.join('\n'));
      const index = ['--index-url', h.gateway.indexUrl, '--trusted-host', new URL(h.gateway.origin).hostname];
      const quiet = ['--isolated', '--disable-pip-version-check', '--no-cache-dir', '--proxy', h.gateway.proxyUrl];
      await behind(
        h.gateway,
        python,
        pip,
        'install',
        ...quiet,
        ...index,
        '--require-hashes',
        '-r',
        join(folder, 'requirements.txt'),
      );
      expect(evaluate(python, versions)).toBe('True True 3');
      expect(h.gateway.stats()).toMatchObject({ files: 3, broken: [], refused: 0 });
    });
  }

  test('uv survives a mirror that sends wrong bytes where another one sends the right ones', async () => {
    const wheel = 'big-1.0-py3-none-any.whl';
    const files = { big: { [wheel]: tinyWheel('big', '1.0', 'right', content(3_000_000)) } };
    const corrupt = { fault: () => ({ kind: 'corrupt', at: 1_000_000 }) as const };
    const h = await house(files, { mirrors: [corrupt, {}] });
    const python = makeVenv(join(folder, 'venv'));
    await behind(h.gateway, uv, ...uvInstall(join(folder, 'uv'), python, '--index-url', h.gateway.indexUrl, 'big'));
    expect(evaluate(python, 'import big; print(big.TEXT)')).toBe('right');
  });
});

test('one uv cache serves two device folders whose wheels have the same name: each gets its own, also with the network off', async () => {
  const wheel = 'framework-1.0-py3-none-any.whl';
  const cache = join(folder, 'uv');
  const open = (device: string): Promise<House> =>
    house(
      { framework: { [wheel]: tinyWheel('framework', '1.0', device) } },
      { name: `${device}-stable-1a2b3c4d`, root: join(folder, 'store') },
    );
  const install = async (h: House, ...rest: string[]): Promise<string> => {
    const python = makeVenv(await mkdtemp(join(folder, 'venv-')));
    await behind(h.gateway, uv, ...uvInstall(cache, python, '--index-url', h.gateway.indexUrl, ...rest, 'framework'));
    return evaluate(python, 'import framework; print(framework.TEXT)');
  };
  const cu118 = await open('cu118');
  const cu126 = await open('cu126');
  expect(await install(cu118)).toBe('cu118');
  expect(await install(cu126)).toBe('cu126');
  await Promise.all(cu118.mirrors.map((mirror) => mirror.close()));
  await cu118.gateway.close();
  expect(await install(cu118, '--offline')).toBe('cu118');
});
