import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseRequirement } from '../../src/packaging/requirement.js';
import { Failure } from '../../src/values/failure.js';
import { askPython, findPythons } from './pythons.js';

const folder = resolve('/project');
const hash = 'a'.repeat(64);
const read = (text: string) => parseRequirement(text, 'requirements.txt:3', folder);

function problemOf(text: string): string {
  try {
    read(text);
  } catch (error) {
    if (error instanceof Failure) {
      expect(error.exitCode).toBe(2);
      expect(error.problems).toHaveLength(1);
      expect(error.problems[0]?.where).toBe('requirements.txt:3');
      return error.problems[0]?.what ?? '';
    }
    throw error;
  }
  return '';
}

describe('a requirement', () => {
  test.each([
    ['numpy', { name: 'numpy', specifier: '', extras: [], marker: null, text: 'numpy' }],
    [
      'Foo_Bar >= 1.0 , < 2',
      { name: 'Foo_Bar', normalised: 'foo-bar', specifier: '>=1.0,<2', text: 'Foo_Bar>=1.0,<2' },
    ],
    ['a (>=1, !=1.5)', { specifier: '>=1,!=1.5', text: 'a>=1,!=1.5' }],
    ['a[ B_x,c ]==1', { extras: ['b-x', 'c'], specifier: '==1', text: 'a[b-x,c]==1' }],
    [
      "a~=1.4; python_version<'3.9' and os_name == 'posix'",
      {
        specifier: '~=1.4',
        marker: 'python_version < "3.9" and os_name == "posix"',
        text: 'a~=1.4 ; python_version < "3.9" and os_name == "posix"',
      },
    ],
    ['a===weird', { specifier: '===weird' }],
    ['paddlepaddle==3.2.*', { specifier: '==3.2.*' }],
  ])('%s', (text, expected) => {
    expect(read(text)).toMatchObject({ kind: 'named', url: null, editable: false, ...expected });
  });

  test('keeps its hashes apart from the line for the installer', () => {
    const other = 'b'.repeat(64);
    expect(read(`a==1 --hash=sha256:${other} --hash sha256:${hash.toUpperCase()}`)).toMatchObject({
      text: 'a==1',
      hashes: [`sha256:${hash}`, `sha256:${other}`],
    });
  });

  test.each([
    [
      'a @ https://files.invalid/a-1.0-py3-none-any.whl',
      { name: 'a', kind: 'url', url: 'https://files.invalid/a-1.0-py3-none-any.whl' },
    ],
    [
      `a[x] @ https://files.invalid/a-1.0.tar.gz#sha256=${hash} ; os_name == "nt"`,
      {
        name: 'a',
        extras: ['x'],
        url: 'https://files.invalid/a-1.0.tar.gz',
        hashes: [`sha256:${hash}`],
        marker: 'os_name == "nt"',
        text: 'a[x] @ https://files.invalid/a-1.0.tar.gz ; os_name == "nt"',
      },
    ],
    [
      'https://files.invalid/x/foo_bar-1.0%2Bcu1-py3-none-any.whl',
      { name: 'foo-bar', kind: 'url', text: 'https://files.invalid/x/foo_bar-1.0%2Bcu1-py3-none-any.whl' },
    ],
    [
      'https://files.invalid/main.zip#subdirectory=py',
      { name: null, normalised: null, kind: 'url', url: 'https://files.invalid/main.zip#subdirectory=py' },
    ],
    [
      'git+https://host.invalid/r.git@v1#egg=Foo.Bar&subdirectory=py',
      {
        name: 'Foo.Bar',
        normalised: 'foo-bar',
        kind: 'vcs',
        text: 'git+https://host.invalid/r.git@v1#egg=Foo.Bar&subdirectory=py',
      },
    ],
    ['a @ git+ssh://git@host.invalid/r.git', { name: 'a', kind: 'vcs', text: 'a @ git+ssh://git@host.invalid/r.git' }],
    [
      '-e git+https://host.invalid/r.git',
      { kind: 'editable', editable: true, text: '-e git+https://host.invalid/r.git' },
    ],
    ['-e .[dev]', { kind: 'editable', editable: true, extras: ['dev'], url: folder, text: `-e ${folder}[dev]` }],
    ['--editable=./lib', { kind: 'editable', url: join(folder, 'lib'), text: `-e ${join(folder, 'lib')}` }],
    [
      './wheels/foo-1.0-py3-none-any.whl',
      { name: 'foo', kind: 'path', url: join(folder, 'wheels/foo-1.0-py3-none-any.whl') },
    ],
    ['my wheels/foo-1.0.tar.gz', { name: 'foo', kind: 'path', url: join(folder, 'my wheels/foo-1.0.tar.gz') }],
    [
      'foo-1.0.zip ; os_name == "nt"',
      { name: 'foo', kind: 'path', text: `${join(folder, 'foo-1.0.zip')} ; os_name == "nt"` },
    ],
    [
      'C:\\wheels\\foo-1.0-py3-none-any.whl',
      { name: 'foo', kind: 'path', url: 'C:\\wheels\\foo-1.0-py3-none-any.whl' },
    ],
    ['file:///wheels/foo-1.0-py3-none-any.whl', { name: 'foo', kind: 'path' }],
    [
      'a @ file:///wheels/a-1.0-py3-none-any.whl',
      { name: 'a', kind: 'path', text: 'a @ file:///wheels/a-1.0-py3-none-any.whl' },
    ],
    ['..', { name: null, kind: 'path', url: dirname(folder) }],
  ])('%s', (text, expected) => {
    expect(read(text)).toMatchObject(expected);
  });

  test('written down again is the same requirement', () => {
    const part = fc.stringMatching(/^[a-z][a-z0-9]{0,6}$/);
    const line = fc
      .tuple(
        part,
        fc.constantFrom('', '[x]', '[y, x]'),
        fc.constantFrom(
          '',
          '==1.0',
          '>= 1, <2',
          '(~=1.4)',
          ' @ https://h.invalid/f-1.zip',
          ' @ git+https://h.invalid/r',
        ),
        fc.constantFrom('', ' ; os_name == "nt"', " ; (python_version<'3.9' or extra=='x')"),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(line, (text) => {
        const once = read(text);
        expect(read(once.text)).toEqual(once);
      }),
    );
  });

  test("names what the interpreters' own packaging reads in it", () => {
    const lines = [
      'a',
      'A.b[c,d]>=1,<2',
      'a (==1.0)',
      'a;os_name=="nt"',
      'a @ https://h.invalid/x.zip',
      'a[]',
      'a ~= 1.0',
    ];
    const theirs = askPython(
      findPythons()[0],
      `
import json, sys
from pip._vendor.packaging.requirements import Requirement
read = map(Requirement, json.load(sys.stdin))
print(json.dumps([[r.name, sorted(r.extras), sorted(str(r.specifier).split(',')), r.url, str(r.marker) if r.marker else None] for r in read]))`,
      lines,
    );
    expect(lines.map(read).map((r) => [r.name, r.extras, r.specifier.split(',').sort(), r.url, r.marker])).toEqual(
      theirs,
    );
  });

  test.each([
    ['numpy=1.2', '`numpy=1.2` is no requirement: `=1.2` is no version clause.'],
    ['numpy 1.2', '`numpy 1.2` is no requirement: `1.2` is no version clause.'],
    ['a==1,', '`a==1,` is no requirement: `==1,` is no version clause.'],
    ['[x]', '`[x]` is no requirement: it begins with no name.'],
    ['a[b c]', '`a[b c]` is no requirement: `b c` is no name of an extra.'],
    [
      'a ; python < "3"',
      '`a ; python < "3"` is no requirement: `python` is neither a quoted text nor a marker variable.',
    ],
    ['a @ ./x.whl', '`a @ ./x.whl` is no requirement: it is no address.'],
    [
      'a @ ftp://h.invalid/x.zip',
      '`a @ ftp://h.invalid/x.zip` is no requirement: its scheme is `ftp:`, not http or https.',
    ],
    [
      'a @ https://me:secret@h.invalid/x.zip',
      '`a @ https://***@h.invalid/x.zip` is no requirement: credentials in a direct link would end up in the lock.',
    ],
    [
      'git+https://token@h.invalid/r',
      '`git+https://***@h.invalid/r` is no requirement: credentials in the address of a repository would end up in the lock.',
    ],
    ['-e numpy', '`-e numpy` is no requirement: only a folder or a repository can be editable.'],
    ['a --hash=sha256:12', '`a --hash=sha256:12` is no requirement: `sha256:12` is no hash.'],
    [
      `a --hash=sha512:${'a'.repeat(128)}`,
      `\`a --hash=sha512:${'a'.repeat(128)}\` is no requirement: none of its hashes is a sha256.`,
    ],
    ['a --no-deps', "`a --no-deps` is no requirement: the option `--no-deps` can't stand behind a requirement here."],
    ['a;b', '`a;b` is no requirement: `b` is neither a quoted text nor a marker variable.'],
    ['$(id)', '`$(id)` is no requirement: it begins with no name.'],
    ['', '`` is no requirement: it begins with no name.'],
  ])('%s: says why not', (text, what) => {
    expect(problemOf(text)).toBe(what);
  });

  test('any text is a requirement or one problem, never another error', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `a${text}`),
        ),
        (text) => {
          problemOf(text);
        },
      ),
    );
  });
});
