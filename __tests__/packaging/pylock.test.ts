import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { markerEnvironment } from '../../src/packaging/marker-environment.js';
import { fromPylock, toPylock } from '../../src/packaging/pylock.js';
import { parsePylock } from '../../src/packaging/pylock-format.js';
import { compatibleTags } from '../../src/packaging/tags.js';
import { Failure } from '../../src/values/failure.js';
import type { Lock, LockedFile } from '../../src/values/lock.js';

const interpreter = {
  implementation: 'cpython',
  version: '3.11.7',
  freeThreaded: false,
  platform: 'linux-x86_64',
  bits: 64 as const,
  glibc: '2.36',
  musl: null,
  macos: null,
};
const tags = compatibleTags(interpreter);
const environment = markerEnvironment(interpreter);
const read = (text: string): Lock => fromPylock(text, 'pylock.toml', tags, environment, project);
const project = resolve('/project');
const digest = 'a'.repeat(64);

function problemsOf(text: string): string[] {
  try {
    read(text);
  } catch (error) {
    if (error instanceof Failure && error.exitCode === 2) {
      return error.problems.map(({ where, what }) => `${where}: ${what}`);
    }
    throw error;
  }
  return [];
}

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const version = fc.stringMatching(/^[0-9]\.[0-9]{1,2}(\.[0-9])?$/);
const lockedFile: fc.Arbitrary<LockedFile> = fc
  .record({
    name: word,
    version,
    kind: fc.constantFrom('wheel' as const, 'sdist' as const),
    size: fc.option(fc.nat()),
    sha256: fc.stringMatching(/^[0-9a-f]{64}$/),
    hashOrigin: fc.constantFrom('lock', 'official', 'agreement', 'index', 'first-seen', 'local'),
    sources: fc.array(word, { minLength: 1, maxLength: 3 }),
    requiresPython: fc.option(fc.constantFrom('>=3.8', '>=3.9,<4', '!=3.0.*,>=3.7')),
  })
  .map(({ sources, ...file }) => {
    const filename = `${file.name}-${file.version}${file.kind === 'wheel' ? '-py3-none-any.whl' : '.tar.gz'}`;
    return {
      ...file,
      filename,
      urls: sources.map((source) => ({ source, url: `https://${source}.invalid/${filename}` })),
    };
  });
const locks: fc.Arbitrary<Lock> = fc.record({
  requiresPython: fc.constantFrom('>=3.8', '>=3.11'),
  device: fc.constantFrom('cpu', 'cu126'),
  cuda: fc.option(fc.constant('12.6')),
  distribution: fc.constant('paddlepaddle'),
  paddleVersion: version,
  files: fc.uniqueArray(lockedFile, { selector: ({ name }) => name, maxLength: 6 }),
  unhashed: fc.array(fc.constantFrom('-e /project', 'a @ git+https://h.invalid/r@0123', 'x "y" \\z')),
  created: fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  key: fc.string(),
});

describe('a lock on disk (PEP 751)', () => {
  test('is read as it was written, and written twice it is the same text', () => {
    fc.assert(
      fc.property(locks, (lock) => {
        const text = toPylock(lock);
        expect(read(text)).toEqual(lock);
        expect(toPylock(read(text))).toBe(text);
      }),
    );
  });

  test('its requires-python carries no patch version, which older patches of the same Python would refuse', () => {
    const [lock] = fc.sample(locks, 1);
    expect(lock).toBeDefined();
    if (lock !== undefined) {
      const written = parsePylock(toPylock({ ...lock, requiresPython: '>=3.11.7' }), 'pylock.toml');
      expect(written.requiresPython).toBe('>=3.11');
      expect(written.createdBy).toBe('paddle-mirror-setup');
    }
  });

  test('a requires-python of an old package that is no specifier is left out', () => {
    const [file] = fc.sample(lockedFile, 1);
    const [lock] = fc.sample(locks, 1);
    if (file === undefined || lock === undefined) {
      throw new Error('nothing was generated');
    }
    const text = toPylock({ ...lock, files: [{ ...file, requiresPython: '>=3.5.*' }] });
    expect(read(text).files[0]?.requiresPython).toBeNull();
  });
});

describe('a lock that another program wrote', () => {
  const head = 'lock-version = "1.0"\n';
  const wheel = (name: string): string =>
    `{ url = "https://files.invalid/${name}", size = 3, hashes = { sha256 = "${digest}" } }`;
  const pack = (name: string, rest: string): string => `[[packages]]\nname = "${name}"\nversion = "1.0"\n${rest}\n`;

  test('of several wheels the one that this interpreter takes is chosen, not the sdist', () => {
    const names = [
      'a-1.0-cp310-cp310-manylinux1_x86_64.whl',
      'a-1.0-py3-none-any.whl',
      'a-1.0-cp311-abi3-linux_x86_64.whl',
    ];
    const text = `${head}${pack('A', `sdist = ${wheel('a-1.0.tar.gz')}\nwheels = [${names.map(wheel).join(', ')}]`)}`;
    expect(read(text)).toMatchObject({
      device: '',
      key: '',
      requiresPython: '>=3.11',
      files: [{ name: 'a', filename: 'a-1.0-cp311-abi3-linux_x86_64.whl', kind: 'wheel', hashOrigin: 'lock', size: 3 }],
    });
  });

  test('without a fitting wheel the sdist is taken', () => {
    const other = wheel('a-1.0-cp310-cp310-win_amd64.whl');
    const text = `${head}${pack('a', `sdist = ${wheel('a-1.0.tar.gz')}\nwheels = [${other}]`)}`;
    expect(read(text).files[0]).toMatchObject({ filename: 'a-1.0.tar.gz', kind: 'sdist' });
  });

  test('packages whose marker does not hold, or for another Python, are left out', () => {
    const any = `wheels = [${wheel('a-1.0-py3-none-any.whl')}]`;
    const text = [
      head,
      pack('a', any),
      pack('a', `marker = "sys_platform == 'win32'"\n${any}`),
      pack('a', `requires-python = "<3.9"\n${any}`),
      pack('a', `marker = "'dev' in dependency_groups"\n${any}`),
    ].join('');
    expect(read(text).files).toHaveLength(1);
  });

  test('files by path stand beside the lock; repositories and folders can not be hashed', () => {
    const text = `${head}${pack('a', `wheels = [{ path = "w/a-1.0-py3-none-any.whl", hashes = { sha256 = "${digest}" } }]`)}
[[packages]]
name = "b"
vcs = { type = "git", url = "https://h.invalid/b", commit-id = "0123" }
[[packages]]
name = "c"
directory = { path = "lib", editable = true }
`;
    expect(read(text)).toMatchObject({
      files: [{ urls: [{ source: 'lock', url: pathToFileURL(join(project, 'w', 'a-1.0-py3-none-any.whl')).href }] }],
      unhashed: ['b @ git+https://h.invalid/b@0123', `-e ${join(project, 'lib')}`],
    });
  });

  test('PaddlePaddle in it is found', () => {
    const name = 'paddlepaddle_gpu-1.0-cp311-cp311-linux_x86_64.whl';
    expect(read(`${head}${pack('paddlepaddle-gpu', `wheels = [${wheel(name)}]`)}`)).toMatchObject({
      distribution: 'paddlepaddle-gpu',
      paddleVersion: '1.0',
    });
  });

  test('a hostile table of ours in it does no harm', () => {
    const own =
      '[packages.tool.paddle-mirror-setup]\nother = [1, "x", { url = 3 }, { url = "nowhere" }]\nhash-origin = "me"';
    const text = `${head}${pack('a', `wheels = [${wheel('a-1.0-py3-none-any.whl')}]\n${own}`)}`;
    expect(read(text).files[0]).toMatchObject({
      hashOrigin: 'lock',
      urls: [{ source: 'lock', url: 'https://files.invalid/a-1.0-py3-none-any.whl' }],
    });
  });

  test('all that is wrong is told at once', () => {
    const text = `lock-version = "2.0"
requires-python = "3.11"
[[packages]]
version = "x"
[[packages]]
name = "b"
wheels = [{ name = "b.whl", size = -1 }]
`;
    expect(problemsOf(text)).toEqual([
      'pylock.toml: its `lock-version` is 2.0; 1.0 is what is understood here.',
      'pylock.toml: `requires-python` of the lock is "3.11", which it can\'t be.',
      'pylock.toml: a package has no `name`.',
      'pylock.toml: `version` of package `` is "x", which it can\'t be.',
      'pylock.toml: package `b` lists a file with neither `url` nor `path`.',
      'pylock.toml: package `b` lists a file without hashes.',
      'pylock.toml: `size` of package `b` is -1, not a number of bytes.',
    ]);
  });

  const good = `wheels = [${wheel('a-1.0-py3-none-any.whl')}]`;
  const refusals: readonly (readonly [text: string, problem: string])[] = [
    ['lock-version = "1.0"\npackages = 3', '`packages` of the lock is no list of the kind it has to be.'],
    ['', 'the lock has no `lock-version`.'],
    [`${head}requires-python = ">=3.12"\npackages = []`, 'it is made for Python >=3.12; this one is 3.11.7.'],
    [
      `${head}environments = ["sys_platform == 'win32'"]\npackages = []`,
      "it is made for other machines: `sys_platform == 'win32'`.",
    ],
    [
      `${head}${pack('a', `wheels = [${wheel('a-1.0-cp311-cp311-win_amd64.whl')}]`)}`,
      'package `a`: it has no file that this interpreter takes.',
    ],
    [`${head}${pack('b', good)}`, 'package `b`: it lists `a-1.0-py3-none-any.whl`, which is a file of `a`.'],
    [`${head}${pack('a', good)}${pack('A', good)}`, 'package `A` stands in it more than once for this interpreter.'],
    [
      `${head}${pack('a', good.replace('https://', 'https://me:secret@'))}`,
      'package `a`: it has credentials in an address.',
    ],
    [`${head}${pack('a', good.replace('https:', 'ftp:'))}`, 'package `a`: its scheme is `ftp:`, not http or https.'],
    [
      `${head}${pack('a', good.replace('sha256', 'md5'))}`,
      'package `a`: it has no sha256 for `a-1.0-py3-none-any.whl`.',
    ],
    [
      `${head}${pack('a', `marker = "python < '3'"\n${good}`)}`,
      'the marker of package `a`: `python` is neither a quoted text nor a marker variable.',
    ],
  ];
  test.each(refusals.map(([text, problem]) => ({ text, problem })))('$problem', ({ text, problem }) => {
    expect(problemsOf(text)).toEqual([`pylock.toml: ${problem}`]);
  });

  test('a text that is no TOML is refused with its line', () => {
    const [problem] = problemsOf('lock-version = "1.0"\npackages = [[\n');
    expect(problem).toMatch(/^pylock\.toml:[23]: It is no TOML: /);
  });

  test('any text is a lock or a Failure', () => {
    fc.assert(fc.property(fc.string(), (text) => void problemsOf(`${head}${text}`)));
  });
});
