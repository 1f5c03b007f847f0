import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { sdistPyproject } from '../../src/install/sdist-pyproject.js';
import { lockPage, publishLock } from '../../src/lock/lock-page.js';
import { makeLock } from '../../src/lock/make-lock.js';
import type { ResolvedPin } from '../../src/lock/pins.js';
import { parseRequirement } from '../../src/packaging/requirement.js';
import type { StoredFile } from '../../src/values/gateway.js';
import type { IndexFile, ProjectPage } from '../../src/values/source.js';
import { environment, lockOf, temporaryFolder } from '../install/machine.js';
import { findPythons } from '../packaging/pythons.js';

const [python] = findPythons();
const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

function listed(filename: string, change: Partial<IndexFile> = {}): IndexFile {
  const sha256 = change.sha256 === undefined ? hash(filename) : change.sha256;
  const url = `https://mirror.example/${filename}`;
  const rest = { hashOrigin: 'official' as const, size: 10, requiresPython: null, yanked: null, uploadTime: null };
  return { filename, ...rest, locations: [{ source: 'mirror', url, sha256, size: 10 }], ...change, sha256 };
}

const interpreter = {
  version: '3.11.7',
  tags: ['cp311-cp311-manylinux_2_28_x86_64', 'cp311-cp311-manylinux_2_17_x86_64', 'py3-none-any'],
};
const fetched: string[] = [];

function lock(
  files: readonly IndexFile[],
  pins: readonly ResolvedPin[],
  change: Partial<Parameters<typeof makeLock>[0]> = {},
): ReturnType<typeof makeLock> {
  fetched.length = 0;
  const page = (project: string): Promise<ProjectPage> =>
    Promise.resolve({ project, files, answered: ['mirror'], faults: [] });
  const stored = (name: string): Promise<StoredFile> => {
    fetched.push(name);
    return Promise.resolve({ path: `/store/${name}`, sha256: hash(`bytes of ${name}`), size: 77 });
  };
  return makeLock({
    pins,
    page,
    fetch: (file) => stored(file.filename),
    fetchLink: stored,
    pyproject: () => Promise.resolve(null),
    interpreter,
    requirements: [],
    formats: [],
    plan: { device: 'cpu', cuda: null, distribution: 'paddlepaddle', version: '3.2.2' },
    key: 'the-key',
    now: new Date('2026-11-22T10:00:00Z'),
    ...change,
  });
}

const alpha: ResolvedPin = { kind: 'index', name: 'alpha', version: '1.0' };
const wheel = 'alpha-1.0-py3-none-any.whl';

describe('the lock of what was resolved', () => {
  test('holds the one wheel that the interpreter likes best, with every public address of it', async () => {
    const best = 'alpha-1.0-cp311-cp311-manylinux_2_28_x86_64.whl';
    const two = listed(best);
    const places = [
      ...two.locations,
      { source: 'official', url: `https://official.example/${best}`, sha256: null, size: null },
    ];
    const others = ['alpha-1.0-cp311-cp311-win_amd64.whl', 'alpha-1.0.tar.gz', 'alpha-1.1-py3-none-any.whl'].map(
      (name) => listed(name),
    );
    const made = await lock([listed(wheel), { ...two, locations: places }, ...others], [alpha]);
    expect(made).toEqual({
      lock: {
        requiresPython: '>=3.11',
        device: 'cpu',
        cuda: null,
        distribution: 'paddlepaddle',
        paddleVersion: '3.2.2',
        files: [
          {
            name: 'alpha',
            version: '1.0',
            filename: best,
            kind: 'wheel',
            size: 10,
            sha256: hash(best),
            hashOrigin: 'official',
            urls: [
              { source: 'mirror', url: `https://mirror.example/${best}` },
              { source: 'official', url: `https://official.example/${best}` },
            ],
            requiresPython: null,
          },
        ],
        unhashed: [],
        created: '2026-11-22T10:00:00.000Z',
        key: 'the-key',
      },
      notices: [],
      builds: [],
    });
    expect(fetched).toEqual([]);
  });

  test('leaves out an address whose source states another hash', async () => {
    const file = listed(wheel);
    const liar = { source: 'liar', url: 'https://liar.example/x.whl', sha256: hash('other'), size: 10 };
    const made = await lock([{ ...file, locations: [liar, ...file.locations] }], [alpha]);
    expect(made.lock.files[0]?.urls).toEqual([{ source: 'mirror', url: `https://mirror.example/${wheel}` }]);
  });

  test('a file without a published hash is brought once, and what was first seen is pinned and said', async () => {
    const made = await lock([listed(wheel, { sha256: null, hashOrigin: null, size: null })], [alpha]);
    expect(fetched).toEqual([wheel]);
    expect(made.lock.files[0]).toMatchObject({ sha256: hash(`bytes of ${wheel}`), hashOrigin: 'first-seen', size: 77 });
    expect(made.notices).toEqual([expect.objectContaining({ id: 'first-seen-alpha' })]);
  });

  test('a yanked file serves only where nothing else does', async () => {
    const better = 'alpha-1.0-cp311-cp311-manylinux_2_17_x86_64.whl';
    const yanked = listed(better, { yanked: 'broken' });
    expect((await lock([yanked, listed(wheel)], [alpha])).lock.files[0]?.filename).toBe(wheel);
    expect((await lock([yanked], [alpha])).lock.files[0]?.filename).toBe(better);
  });

  test('a file for another Python is passed over, and none at all is a failure of the source', async () => {
    const files = [listed(wheel, { requiresPython: '>=3.12' })];
    await expect(lock(files, [alpha])).rejects.toMatchObject({ exitCode: 1, problems: [{ where: 'alpha' }] });
  });

  test('all packages without a file are named at once', async () => {
    const beta: ResolvedPin = { kind: 'index', name: 'beta', version: '2.0' };
    await expect(lock([], [alpha, beta])).rejects.toMatchObject({ problems: [{ where: 'alpha' }, { where: 'beta' }] });
  });

  test('an sdist is locked with a warning, and what its build asks for is told', async () => {
    const sdist = 'alpha-1.0.tar.gz';
    const made = await lock([listed(sdist)], [alpha], {
      pyproject: (file) =>
        Promise.resolve(file === `/store/${sdist}` ? '[build-system]\nrequires = ["flit_core"]\n' : null),
    });
    expect(made.lock.files[0]).toMatchObject({ kind: 'sdist', filename: sdist });
    expect(made.notices).toEqual([expect.objectContaining({ id: 'sdist-alpha' })]);
    expect(made.builds).toEqual([{ name: 'alpha', requires: ['flit_core'] }]);
  });

  test('--no-binary takes the sdist where a wheel is', async () => {
    const made = await lock([listed(wheel), listed('alpha-1.0.tar.gz')], [alpha], { formats: ['--no-binary alpha'] });
    expect(made.lock.files[0]?.kind).toBe('sdist');
  });

  test('the hashes of the user choose the file, and one that fits none is refused with its line', async () => {
    const pinned = (sha256: string) => ({
      requirements: [parseRequirement(`alpha==1.0 --hash=sha256:${sha256}`, 'requirements.txt:4')],
    });
    const better = listed('alpha-1.0-cp311-cp311-manylinux_2_17_x86_64.whl');
    const made = await lock([better, listed(wheel)], [alpha], pinned(hash(wheel)));
    expect(made.lock.files[0]).toMatchObject({ filename: wheel, hashOrigin: 'lock' });
    await expect(lock([better], [alpha], pinned(hash('none')))).rejects.toMatchObject({ exitCode: 2 });
    const unlisted = listed(wheel, { sha256: null, hashOrigin: null });
    await expect(lock([unlisted], [alpha], pinned(hash('none')))).rejects.toMatchObject({
      exitCode: 2,
      problems: [{ where: 'requirements.txt:4' }],
    });
  });

  test('a direct link is brought and its hash pinned', async () => {
    const url = 'https://host.example/p/beta-2.0-py3-none-any.whl';
    const made = await lock([], [{ kind: 'link', name: 'beta', url }]);
    expect(made.lock.files).toEqual([
      expect.objectContaining({
        name: 'beta',
        version: '2.0',
        sha256: hash(`bytes of ${url}`),
        urls: [{ source: 'host.example', url }],
      }),
    ]);
  });

  test('a local wheel is hashed where it lies', async () => {
    const file = path.join(temporaryFolder(), 'gamma-3.0-py3-none-any.whl');
    writeFileSync(file, 'wheel');
    const made = await lock([], [{ kind: 'local', path: file }]);
    expect(made.lock.files).toEqual([
      expect.objectContaining({
        sha256: hash('wheel'),
        size: 5,
        hashOrigin: 'local',
        urls: [{ source: 'local', url: pathToFileURL(file).href }],
      }),
    ]);
  });

  test('what cannot be hashed is kept as a line and told', async () => {
    const made = await lock([], [{ kind: 'unhashed', line: '-e /srv/x' }]);
    expect(made.lock.unhashed).toEqual(['-e /srv/x']);
    expect(made.notices[0]?.text).toContain('-e /srv/x');
  });
});

describe('a lock behind the gateway', () => {
  test('lists each of its projects with its one file and knows no other', async () => {
    const { lock: made } = await lock([listed(wheel)], [alpha]);
    expect(lockPage(made, 'alpha')).toMatchObject({
      project: 'alpha',
      files: [{ filename: wheel, sha256: hash(wheel) }],
    });
    expect(lockPage(made, 'beta')).toBeNull();
    const published: IndexFile[] = [];
    publishLock({ publish: (file) => String(published.push(file)) }, made);
    expect(published.map(({ filename }) => filename)).toEqual([wheel]);
    expect(lockPage(lockOf([]), 'alpha')).toBeNull();
  });
});

describe('reading pyproject.toml out of an sdist', () => {
  const script = `
import io, sys, tarfile, zipfile
members = [('x-1.0/deep/pyproject.toml', b'wrong'), ('x-1.0/pyproject.toml', b'[build-system]'), ('x-1.0/setup.py', b'boom')]
with tarfile.open(sys.argv[1], 'w:gz') as archive, zipfile.ZipFile(sys.argv[2], 'w') as zipped:
    for name, data in members:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
        zipped.writestr(name, data)
`;
  const read = (file: string): Promise<string | null> =>
    sdistPyproject(file, { executable: python }, environment, AbortSignal.timeout(30_000));

  test('from a tar.gz and from a zip, nothing unpacked', async () => {
    const folder = temporaryFolder();
    const [tar, zipped] = [path.join(folder, 'x-1.0.tar.gz'), path.join(folder, 'x-1.0.zip')];
    execFileSync(python, ['-c', script, tar, zipped]);
    expect(await read(tar)).toBe('[build-system]');
    expect(await read(zipped)).toBe('[build-system]');
    expect(readFileSync(tar).length).toBeGreaterThan(0);
  });

  test('a file that is no archive is a failure that names it', async () => {
    const file = path.join(temporaryFolder(), 'y-1.0.tar.gz');
    writeFileSync(file, 'no archive');
    await expect(read(file)).rejects.toThrow(/y-1\.0\.tar\.gz: It can't be read as a source distribution/);
  });
});
