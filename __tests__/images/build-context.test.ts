import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type ContextFile, writeBuildContext } from '../../src/images/build-context.js';
import { contextNames } from '../../src/values/images.js';
import { realWheels } from '../gateway/real-tools.js';
import { type Dockerd, hasDockerd, startDockerd } from '../support/dockerd.js';
import { sha256 } from '../transfer/setup.js';

const secret = 'a-secret-for-the-build-alone';
let work: string;
let files: ContextFile[];

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'build-'));
  const { idna = {}, six = {} } = realWheels();
  files = [];
  for (const [filename, bytes] of Object.entries({ ...idna, ...six })) {
    const path = join(work, filename);
    await writeFile(path, bytes);
    const [name = '', version = ''] = filename.split('-');
    files.push({ name, version, filename, sha256: sha256(bytes), path });
  }
});
afterAll(() => rm(work, { recursive: true, force: true }));

test('the folder holds the wheels, their hashes and no more, and is filled anew', async () => {
  const folder = join(work, 'small');
  for (const some of [files, files.slice(0, 1)]) {
    await writeBuildContext({ folder, files: some, index: 'https://mirror.example/simple/', python: '3.11' });
    expect((await readdir(folder)).sort()).toEqual([...contextNames].sort());
    expect(await readdir(join(folder, 'wheels'))).toEqual(some.map(({ filename }) => filename));
    const lines = (await readFile(join(folder, 'requirements.txt'), 'utf8')).trim().split('\n');
    expect(lines).toEqual(some.map((file) => `${file.name}==${file.version} --hash=sha256:${file.sha256}`).sort());
  }
  expect(await readFile(join(folder, 'pip.conf'), 'utf8')).toContain('index-url = https://mirror.example/simple/');
});

(hasDockerd() ? describe : describe.skip)('docker build, without a network', () => {
  // A client of Debian has BuildKit built in; another one on PATH may lack buildx.
  const client = existsSync('/usr/bin/docker') ? '/usr/bin/docker' : 'docker';
  let daemon: Dockerd;
  let folder: string;

  function docker(args: readonly string[], buildkit = '0'): string {
    const env = {
      ...process.env,
      DOCKER_HOST: `unix://${daemon.socket}`,
      DOCKER_BUILDKIT: buildkit,
      DOCKER_CONFIG: work,
    };
    return execFileSync(client, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 26 });
  }
  /** Which texts stand anywhere in the saved image or its history: layers lie uncompressed in it. */
  function held(image: string, texts: readonly string[]): string[] {
    const saved = join(work, 'saved.tar');
    docker(['save', '-o', saved, image]);
    const history = docker(['history', '--no-trunc', image]);
    return texts.filter((text) => {
      const env = { ...process.env, TEXT: text, FILE: saved };
      const found = execFileSync('sh', ['-c', 'grep -c -a -F -e "$TEXT" "$FILE" || true'], { env, encoding: 'utf8' });
      return Number(found) > 0 || history.includes(text);
    });
  }
  const proof = (image: string): string =>
    docker([
      'run',
      '--rm',
      '--network',
      'host',
      image,
      'python',
      '-c',
      'import idna, six; print(idna.__name__, six.__name__)',
    ]).trim();

  beforeAll(async () => {
    daemon = await startDockerd('{}');
    const base = join(work, 'base');
    await mkdir(base);
    execFileSync('python3', [join(import.meta.dirname, 'base_image.py'), base]);
    execFileSync('tar', ['-C', base, '-cf', join(work, 'base.tar'), '.']);
    docker(['import', '-c', 'ENV PATH=/usr/bin:/bin', join(work, 'base.tar'), 'base:1']);
    folder = join(work, 'context');
    await writeBuildContext({ folder, files, index: null, python: '3' });
    await writeFile(join(work, 'netrc'), `machine private.example login reader password ${secret}\n`);
    // The example itself, and a line that proves that the secret was there while the image was built.
    const check = 'RUN --mount=type=secret,id=netrc,target=/root/.netrc test -s /root/.netrc\n';
    await appendFile(join(folder, 'Dockerfile'), check);
  }, 180_000);
  afterAll(() => daemon.close(), 30_000);

  test('by BuildKit: mounted wheels and secret are in no layer', () => {
    const args = ['--network', 'host', '--build-arg', 'BASE=base:1', '--secret', `id=netrc,src=${join(work, 'netrc')}`];
    docker(['build', ...args, '-t', 'app:buildkit', folder], '1');
    expect(proof('app:buildkit')).toBe('idna six');
    // The first is in an installed file, so the search does find what is there.
    expect(held('app:buildkit', ['def ulabel', secret, files[0]?.filename ?? ''])).toEqual(['def ulabel']);
  }, 300_000);

  test('by the classic builder: the stage with the wheels is thrown away', () => {
    const args = ['--network', 'none', '--build-arg', 'BASE=base:1', '-f', join(folder, 'Dockerfile.classic')];
    docker(['build', ...args, '-t', 'app:classic', folder]);
    expect(proof('app:classic')).toBe('idna six');
    expect(held('app:classic', ['def ulabel', files[0]?.filename ?? ''])).toEqual(['def ulabel']);
  }, 300_000);
});
