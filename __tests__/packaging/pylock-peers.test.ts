import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { markerEnvironment } from '../../src/packaging/marker-environment.js';
import { fromPylock, toPylock } from '../../src/packaging/pylock.js';
import { compatibleTags, type TagEnvironment } from '../../src/packaging/tags.js';
import type { Lock, LockedFile } from '../../src/values/lock.js';
import { describePython, findPythons } from './pythons.js';

describe('the programs of others', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pylock-'));
  const bin = join(folder, 'venv', process.platform === 'win32' ? 'Scripts' : 'bin');
  const python = join(bin, 'python');
  const run = (program: string, ...args: string[]): string =>
    execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe', timeout: 120_000, cwd: folder });
  let target: TagEnvironment;

  beforeAll(() => {
    run(findPythons()[0], '-m', 'venv', join(folder, 'venv'));
    run(join(bin, 'pip'), 'install', '--quiet', '--upgrade', 'pip', 'uv==0.13.9');
    target = describePython(python);
  }, 180_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const readHere = (text: string): Lock =>
    fromPylock(text, 'pylock.toml', compatibleTags(target), markerEnvironment(target), folder);

  test('uv and the newest pip install from the lock that we write', () => {
    run(join(bin, 'pip'), 'download', '--quiet', '--no-deps', '--dest', folder, 'six');
    run(join(bin, 'pip'), 'install', '--dry-run', '--quiet', '--ignore-installed', '--report', 'report.json', 'idna');
    const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as {
      install: {
        metadata: { name: string; version: string; requires_python?: string };
        download_info: { url: string; archive_info: { hashes: { sha256: string } } };
      }[];
    };
    const files = report.install.map(
      ({ metadata, download_info: { url, archive_info } }): LockedFile => ({
        name: metadata.name,
        version: metadata.version,
        filename: decodeURIComponent(url.split('/').at(-1) ?? ''),
        kind: 'wheel',
        size: null,
        sha256: archive_info.hashes.sha256,
        hashOrigin: 'official',
        urls: [
          { source: 'official', url },
          { source: 'other', url: 'https://files.invalid/same.whl' },
        ],
        requiresPython: metadata.requires_python ?? null,
      }),
    );
    const local = readdirSync(folder).find((name) => name.startsWith('six-')) ?? '';
    const sum = createHash('sha256')
      .update(readFileSync(join(folder, local)))
      .digest('hex');
    const lock: Lock = {
      requiresPython: '>=3.8',
      device: 'cpu',
      cuda: null,
      distribution: 'paddlepaddle',
      paddleVersion: '3.2.2',
      files: [
        ...files,
        {
          name: 'six',
          version: local.split('-')[1] ?? '',
          filename: local,
          kind: 'wheel',
          size: null,
          sha256: sum,
          hashOrigin: 'local',
          urls: [{ source: 'local', url: pathToFileURL(join(folder, local)).href }],
          requiresPython: null,
        },
      ],
      unhashed: [],
      created: '2026-11-22T00:00:00.000Z',
      key: 'some-key',
    };
    writeFileSync(join(folder, 'pylock.toml'), toPylock(lock));
    expect(readHere(toPylock(lock))).toEqual(lock);
    const byPip = run(join(bin, 'pip'), 'install', '--dry-run', '--ignore-installed', '-r', 'pylock.toml');
    expect(byPip).toContain(`Would install idna-${files[0]?.version}`);
    expect(byPip).toContain('six-');
    run(
      join(bin, 'uv'),
      'pip',
      'install',
      '--python',
      python,
      '--preview-features',
      'pylock',
      '--no-deps',
      '-r',
      'pylock.toml',
    );
    const installed = run(join(bin, 'uv'), 'pip', 'list', '--python', python);
    expect(installed).toMatch(/^idna +/m);
    expect(installed).toMatch(/^six +/m);
  }, 180_000);

  test('what uv and pip lock is read here', () => {
    writeFileSync(join(folder, 'requirements.in'), 'idna\nmarkupsafe\ncolorama ; sys_platform == "win32"\n');
    run(join(bin, 'uv'), 'pip', 'compile', '--quiet', '--python', python, 'requirements.in', '-o', 'pylock.uv.toml');
    run(join(bin, 'pip'), 'lock', '--quiet', '-r', 'requirements.in', '-o', 'pylock.pip.toml');
    const [byUv, byPip] = ['pylock.uv.toml', 'pylock.pip.toml'].map(
      (name) => readHere(readFileSync(join(folder, name), 'utf8')).files,
    );
    expect(byUv?.map(({ name }) => name)).toEqual(['idna', 'markupsafe']);
    expect(byUv?.map(({ filename, sha256 }) => [filename, sha256])).toEqual(
      byPip?.map(({ filename, sha256 }) => [filename, sha256]),
    );
  }, 180_000);
});
