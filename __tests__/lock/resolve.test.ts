import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { oldestUv, uvVersion } from '../../src/install/uv-release.js';
import type { ResolvedPin } from '../../src/lock/pins.js';
import { resolve } from '../../src/lock/resolve.js';
import { parseRequirement } from '../../src/packaging/requirement.js';
import { Failure } from '../../src/values/failure.js';
import { type Loopback, openLoopback } from '../install/loopback.js';
import { boundUv, temporaryFolder } from '../install/machine.js';
import { realUv } from '../install/real-uv.js';
import { tinyWheel } from '../install/tiny-wheel.js';
import { findPythons } from '../packaging/pythons.js';
import { keptLog } from '../support/log.js';

const link = 'https://host.example/pkg/linked-1.0-py3-none-any.whl';
const linked = tinyWheel({ name: 'linked', version: '1.0', requires: ['beta'] });
const files = {
  ...tinyWheel({ name: 'alpha', version: '1.0', requires: ['beta>=1'] }),
  ...tinyWheel({ name: 'beta', version: '1.0' }),
  ...tinyWheel({ name: 'beta', version: '2.0' }),
  ...tinyWheel({ name: 'beta', version: '3.0rc1' }),
  ...tinyWheel({ name: 'needs_old', version: '1.0', requires: ['beta==1.0'] }),
  ...tinyWheel({ name: 'windows_only', version: '1.0', tag: 'cp311-cp311-win_amd64' }),
  ...linked,
};
const [python] = findPythons();
const opened: Loopback[] = [];
beforeAll(() => {
  realUv(uvVersion);
  realUv(oldestUv);
}, 300_000);
afterAll(async () => {
  await Promise.all(opened.map((gateway) => gateway.close()));
});

interface Given {
  readonly constraints?: readonly string[];
  readonly preReleases?: boolean;
  readonly formats?: readonly string[];
  readonly down?: readonly string[];
  readonly uv?: string;
}

async function resolved(requirements: readonly string[], given: Given = {}): Promise<ResolvedPin[]> {
  const down = given.down ?? [];
  const gateway = await openLoopback({
    name: 'resolve-test',
    files,
    links: { [link]: Object.keys(linked)[0] ?? '' },
    down,
  });
  opened.push(gateway);
  const read = (lines: readonly string[], file: string): ReturnType<typeof parseRequirement>[] =>
    lines.map((line, index) => parseRequirement(line, `${file}:${index + 1}`));
  return resolve({
    uv: boundUv(realUv(given.uv ?? uvVersion), gateway, temporaryFolder()),
    interpreter: { executable: python },
    gateway,
    lines: {
      requirements: read(requirements, 'requirements.txt'),
      constraints: read(given.constraints ?? [], 'constraints.txt'),
    },
    preReleases: given.preReleases ?? false,
    formats: given.formats ?? [],
    confirm: () => Promise.resolve(false),
    log: keptLog(),
  });
}

const index = (name: string, version: string): ResolvedPin => ({ kind: 'index', name, version });

describe.each([uvVersion, oldestUv])('resolving with uv %s through the gateway', (uv) => {
  test('takes the newest versions with what they depend on', async () => {
    expect(await resolved(['Alpha'], { uv })).toEqual([index('alpha', '1.0'), index('beta', '2.0')]);
  });

  test('obeys constraints and markers', async () => {
    const lines = ['alpha', 'windows_only ; sys_platform == "none"'];
    expect(await resolved(lines, { uv, constraints: ['beta<2'] })).toEqual([
      index('alpha', '1.0'),
      index('beta', '1.0'),
    ]);
  });

  test('a contradiction names the lines of the user', async () => {
    const failed = resolved(['needs-old', 'beta>1.5'], { uv });
    await expect(failed).rejects.toMatchObject({
      exitCode: 2,
      problems: [{ where: 'requirements.txt:1, requirements.txt:2' }],
    });
    await expect(failed).rejects.toBeInstanceOf(Failure);
  });

  test('an unknown package is the request’s fault', async () => {
    await expect(resolved(['not-there'], { uv })).rejects.toMatchObject({ exitCode: 2 });
  });

  test('a project whose sources all fail is the network’s fault, with each source named', async () => {
    const failed = resolved(['alpha'], { uv, down: ['beta'] });
    await expect(failed).rejects.toMatchObject({ exitCode: 1, problems: [{ where: 'beta' }] });
    await expect(failed).rejects.toThrow(/No source could serve it: loopback: refused/);
  });

  test('a wheel for another platform alone is the request’s fault, with what there is', async () => {
    await expect(resolved(['windows-only'], { uv })).rejects.toMatchObject({
      exitCode: 2,
      problems: [{ where: 'requirements.txt:1', remedy: expect.stringMatching(/wheel|interpreter/) }],
    });
  });
});

describe('lines of other kinds', () => {
  test('pre-releases are taken where they are allowed', async () => {
    expect(await resolved(['beta'], { preReleases: true })).toEqual([index('beta', '3.0rc1')]);
  });

  test('a direct link goes through the gateway and comes back as the public address', async () => {
    expect(await resolved([`linked @ ${link}`])).toEqual([
      index('beta', '2.0'),
      { kind: 'link', name: 'linked', url: link },
    ]);
  });

  test('a bare link does too', async () => {
    expect(await resolved([link])).toEqual([index('beta', '2.0'), { kind: 'link', name: 'linked', url: link }]);
  });

  test('a local wheel stays where it is', async () => {
    const folder = temporaryFolder();
    const [[name = '', content = Buffer.alloc(0)] = []] = Object.entries(tinyWheel({ name: 'here', version: '1.0' }));
    writeFileSync(path.join(folder, name), content);
    expect(await resolved([path.join(folder, name)])).toEqual([{ kind: 'local', path: path.join(folder, name) }]);
  });

  test('an editable project is left to the installer, its dependencies are locked', async () => {
    const project = path.join(temporaryFolder(), 'project');
    mkdirSync(project);
    const text = '[project]\nname = "project"\nversion = "1.0"\ndependencies = ["beta<2"]\n';
    writeFileSync(path.join(project, 'pyproject.toml'), text);
    expect(await resolved([`-e ${project}`])).toEqual([
      { kind: 'unhashed', line: `-e ${project}` },
      index('beta', '1.0'),
    ]);
  });

  test('a repository that cannot be fetched names the line', async () => {
    const failed = resolved(['nope @ git+https://127.0.0.1:9/x.git']);
    await expect(failed).rejects.toMatchObject({ exitCode: 1, problems: [{ where: 'requirements.txt:1' }] });
  });

  test('only source distributions where none is: no solution', async () => {
    await expect(resolved(['alpha'], { formats: ['--no-binary alpha'] })).rejects.toMatchObject({ exitCode: 2 });
  });
});
