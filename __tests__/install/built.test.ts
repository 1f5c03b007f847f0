import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { installWithPip } from '../../src/install/pip.js';
import { installWithUv } from '../../src/install/uv.js';
import { oldestUv, uvVersion } from '../../src/install/uv-release.js';
import { makeVenv } from '../../src/install/venv.js';
import { resolve } from '../../src/lock/resolve.js';
import { parseRequirement } from '../../src/packaging/requirement.js';
import type { Lock, LockedFile } from '../../src/values/lock.js';
import { findPythons } from '../packaging/pythons.js';
import { keptLog } from '../support/log.js';
import { type Loopback, openLoopback } from './loopback.js';
import { boundUv, describe as describeMachine, environment, lockOf, temporaryFolder } from './machine.js';
import { realUv } from './real-uv.js';
import { tinyWheel } from './tiny-wheel.js';

const [python] = findPythons();

/** A build back end in the project itself that needs `alpha` while it builds. */
const backend = `
import os, zipfile
def build_wheel(directory, config_settings=None, metadata_directory=None):
    import alpha
    name = 'epsilon-5.0-py3-none-any.whl'
    with zipfile.ZipFile(os.path.join(directory, name), 'w') as wheel:
        wheel.writestr('epsilon.py', 'built_with = ' + repr(alpha.version))
        wheel.writestr('epsilon-5.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: epsilon\\nVersion: 5.0\\n')
        wheel.writestr('epsilon-5.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
        wheel.writestr('epsilon-5.0.dist-info/RECORD', 'epsilon.py,,\\nepsilon-5.0.dist-info/METADATA,,\\nepsilon-5.0.dist-info/WHEEL,,\\nepsilon-5.0.dist-info/RECORD,,\\n')
    return name
`;
const pyproject =
  '[build-system]\nrequires = ["alpha"]\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "epsilon"\nversion = "5.0"\n';

/** The project as a source distribution (PEP 625). */
function sdist(): Buffer {
  const file = path.join(temporaryFolder(), 'epsilon-5.0.tar.gz');
  const script = `
import io, json, sys, tarfile
with tarfile.open(sys.argv[1], 'w:gz') as archive:
    for name, text in json.loads(sys.argv[2]).items():
        info = tarfile.TarInfo('epsilon-5.0/' + name)
        info.size = len(text)
        archive.addfile(info, io.BytesIO(text.encode()))`;
  const members = {
    'pyproject.toml': pyproject,
    'backend.py': backend,
    'PKG-INFO': 'Metadata-Version: 2.2\nName: epsilon\nVersion: 5.0\n',
  };
  execFileSync(python, ['-c', script, file, JSON.stringify(members)]);
  return readFileSync(file);
}

/** The project as a git repository. */
function repository(): string {
  const folder = temporaryFolder();
  writeFileSync(path.join(folder, 'pyproject.toml'), pyproject);
  writeFileSync(path.join(folder, 'backend.py'), backend);
  const git = (...args: string[]): void => {
    const who = ['-c', 'user.name=test', '-c', 'user.email=test@project.example'];
    execFileSync('git', [...who, ...args], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  };
  git('init');
  git('add', '.');
  git('commit', '-m', 'first');
  return `epsilon @ git+file://${folder}`;
}

const content = sdist();
const locked: LockedFile = {
  name: 'epsilon',
  version: '5.0',
  filename: 'epsilon-5.0.tar.gz',
  kind: 'sdist',
  size: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
  hashOrigin: 'index',
  urls: [{ source: 'loopback', url: 'http://mirror.example/epsilon-5.0.tar.gz' }],
  requiresPython: null,
};
const files = { ...tinyWheel({ name: 'alpha', version: '1.0' }), 'epsilon-5.0.tar.gz': content };
let gateway: Loopback;
beforeAll(async () => {
  realUv(uvVersion);
  realUv(oldestUv);
  gateway = await openLoopback({ name: 'build-test', files });
}, 300_000);
afterAll(() => gateway.close());

async function installed(installer: 'uv' | 'pip', uv: string, lock: Lock): Promise<string> {
  gateway.requests.length = 0;
  const bound = boundUv(realUv(uv), gateway, temporaryFolder());
  const rest = { environment, remainingMs: () => 60_000, log: keptLog(), signal: AbortSignal.timeout(60_000) };
  const folder = path.join(temporaryFolder(), 'venv');
  const { executable } = await makeVenv({
    ...rest,
    folder,
    interpreter: describeMachine(python),
    installer,
    uv: bound,
  });
  const interpreter = describeMachine(executable);
  const { origin } = gateway;
  const done =
    installer === 'uv'
      ? installWithUv({ ...rest, uv: bound, lock, origin, gateway, interpreter })
      : installWithPip({ ...rest, lock, gateway, interpreter });
  expect(await done).toEqual({ attempts: 1 });
  expect(existsSync(path.join(interpreter.purelib, 'alpha.py'))).toBe(false);
  return readFileSync(path.join(interpreter.purelib, 'epsilon.py'), 'utf8');
}

describe.each([
  ['uv', uvVersion],
  ['uv', oldestUv],
  ['pip', uvVersion],
] as const)('with %s %s', (installer, uv) => {
  test('a locked sdist is built, what its build needs comes through the gateway', async () => {
    expect(await installed(installer, uv, lockOf([locked]))).toBe("built_with = '1.0'");
    expect(gateway.requests).toContain('GET /simple/alpha/');
  });

  test('a repository is resolved to a commit and built after the lock', async () => {
    const pins = await resolve({
      uv: boundUv(realUv(uv), gateway, temporaryFolder()),
      interpreter: { executable: python },
      gateway,
      lines: { requirements: [parseRequirement(repository(), 'requirements.txt:1')], constraints: [] },
      preReleases: false,
      formats: [],
      confirm: () => Promise.resolve(false),
      log: keptLog(),
    });
    const unhashed = pins.flatMap((pin) => (pin.kind === 'unhashed' ? [pin.line] : []));
    expect(unhashed).toEqual([expect.stringMatching(/^epsilon @ git\+file:.*@[0-9a-f]{40}$/)]);
    expect(await installed(installer, uv, lockOf([], { unhashed }))).toBe("built_with = '1.0'");
  });
});
