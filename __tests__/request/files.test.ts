import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ReadRequirements, readRequirements } from '../../src/request/files.js';
import { expandVariables, logicalLines } from '../../src/request/logical-lines.js';
import { isOptionLine, parseOptionLine } from '../../src/request/option-lines.js';
import { askPython, findPythons } from '../packaging/pythons.js';

const root = mkdtempSync(join(tmpdir(), 'files-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const environment = { INDEX_HOST: 'index.invalid', INDEX_TOKEN: 'hunter2' };
const hash = 'a'.repeat(64);
let folders = 0;

/** Writes the files into a folder of their own and reads `requirements.txt` there. */
async function read(
  files: Record<string, string | Uint8Array>,
  packages = '',
): Promise<ReadRequirements & { cwd: string }> {
  folders += 1;
  const cwd = join(root, String(folders));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), content);
  }
  const paths = 'requirements.txt' in files ? ['requirements.txt'] : Object.keys(files).slice(0, 1);
  return {
    cwd,
    ...(await readRequirements(
      paths,
      packages,
      { requirements: 'requirements', packages: 'packages' },
      { cwd, environment },
    )),
  };
}

async function texts(files: Record<string, string | Uint8Array>): Promise<string[]> {
  const { problems, set } = await read(files);
  expect(problems).toEqual([]);
  return set.requirements.map(({ text }) => text);
}

describe('the lines of a requirements file', () => {
  test('are those that pip reads: comments, continuations, blank lines, any line end', () => {
    const piece = fc.constantFrom(
      'a==1',
      'b',
      ' ',
      '#',
      '# note',
      'c # note',
      'd#e',
      '\\',
      ' \\',
      '--pre',
      '\t',
      'f>=1 \\',
    );
    const samples = fc.sample(fc.array(fc.tuple(piece, fc.constantFrom('\n', '\r\n', '\n\n')), { maxLength: 8 }), {
      numRuns: 600,
      seed: 5,
    });
    const written = samples.map((pieces) => pieces.flat().join(''));
    const theirs = askPython(
      findPythons()[0],
      `
import json, sys
from pip._internal.req.req_file import preprocess
print(json.dumps([[[number, line.strip()] for number, line in preprocess(text) if line.strip()] for text in json.load(sys.stdin)]))`,
      written,
    );
    expect(written.map((text) => logicalLines(text).map((line) => [line.number, line.text]))).toEqual(theirs);
  });

  test('variables in capitals are put in; one that is not set is refused', () => {
    const dollar = '$';
    expect(expandVariables(`https://${dollar}{INDEX_HOST}/${dollar}INDEX_HOST/${dollar}{lower}`, environment)).toBe(
      `https://index.invalid/${dollar}INDEX_HOST/${dollar}{lower}`,
    );
    expect(() => expandVariables(`${dollar}{GONE}`, environment)).toThrow('the environment variable `GONE` is not set');
  });

  test.each([
    ['-r a.txt', [{ name: '--requirement', value: 'a.txt' }]],
    ['-ra.txt', [{ name: '--requirement', value: 'a.txt' }]],
    ['--requirement=a.txt', [{ name: '--requirement', value: 'a.txt' }]],
    ['-c "my limits.txt"', [{ name: '--constraint', value: 'my limits.txt' }]],
    ['-r sub\\a.txt', [{ name: '--requirement', value: 'sub\\a.txt' }]],
    ['-i https://a.invalid/?x=y', [{ name: '--index-url', value: 'https://a.invalid/?x=y' }]],
    ['--pypi-url=https://a.invalid', [{ name: '--index-url', value: 'https://a.invalid' }]],
    [
      '--no-index -f wheels --pre',
      [
        { name: '--no-index', value: '' },
        { name: '--find-links', value: 'wheels' },
        { name: '--pre', value: '' },
      ],
    ],
  ])('%s', (line, options) => {
    expect(isOptionLine(line)).toBe(true);
    expect(parseOptionLine(line)).toEqual(options);
  });

  test.each([
    ['--index-url', '`--index-url` needs a value'],
    ['--index-url --pre', '`--index-url` needs a value'],
    ['--pre=yes', '`--pre` takes no value'],
    ['--no-deps', '`--no-deps` is no option of a requirements file; the nearest is `--no-index`'],
  ])('%s: %s', (line, message) => {
    expect(() => parseOptionLine(line)).toThrow(new SyntaxError(message));
  });

  test.each(['-e .', '--editable=./x', 'numpy', '-e'])('%s is no line of options', (line) => {
    expect(isOptionLine(line)).toBe(false);
  });
});

describe('requirements files', () => {
  test('a BOM, CRLF, UTF-16 as PowerShell writes it, comments and continuations', async () => {
    const text = '# all\r\nnumpy >= 1.0 \\\r\n  , < 3 # both\r\n\r\nscipy';
    const expected = ['numpy>=1.0,<3', 'scipy'];
    expect(await texts({ 'requirements.txt': `\ufeff${text}` })).toEqual(expected);
    expect(await texts({ 'requirements.txt': Buffer.from(`\ufeff${text}`, 'utf16le') })).toEqual(expected);
  });

  test('nested files lie relative to the file that names them, and each is read once', async () => {
    const { set, problems } = await read({
      'requirements.txt': '-r sub/base.txt\n-r sub/more.txt\n-c limits.txt\na\n',
      'sub/base.txt': '-r more.txt\n--constraint=../limits.txt\nb',
      'sub/more.txt': 'c',
      'limits.txt': 'b<2\nd @ https://h.invalid/d-1.zip',
    });
    expect(problems).toEqual([]);
    expect(set.requirements.map(({ text, origin }) => `${origin} ${text}`)).toEqual([
      'sub/more.txt:1 c',
      'sub/base.txt:3 b',
      'requirements.txt:4 a',
    ]);
    expect(set.constraints.map(({ text, origin }) => `${origin} ${text}`)).toEqual([
      'limits.txt:1 b<2',
      'limits.txt:2 d @ https://h.invalid/d-1.zip',
    ]);
  });

  test('option lines become sources; credentials leave the address; the last index-url wins', async () => {
    const dollar = '$';
    const { set, problems, cwd } = await read({
      'requirements.txt': [
        '--index-url https://first.invalid/simple',
        `--extra-index-url https://me:${dollar}{INDEX_TOKEN}@${dollar}{INDEX_HOST}/simple`,
        '-i https://second.invalid/simple',
        '-r sub/more.txt',
        '--no-index --pre --no-binary=:all:',
        '--only-binary numpy, scipy',
      ].join('\n'),
      'sub/more.txt': `-f wheels\n--find-links https://pages.invalid/list.html\n--find-links ${pathToFileURL(root).href}`,
    });
    expect(problems.map(({ what }) => what)).toEqual(["The line can't be read: `scipy` belongs to no option."]);
    expect(set).toMatchObject({ noIndex: true, preReleases: true, formats: ['--no-binary :all:'], pylock: null });
    expect(set.indexes).toEqual([
      {
        kind: 'extra-index-url',
        url: 'https://index.invalid/simple',
        credentials: { username: 'me', password: 'hunter2' },
        origin: 'requirements.txt:2',
      },
      { kind: 'index-url', url: 'https://second.invalid/simple', credentials: null, origin: 'requirements.txt:3' },
      { kind: 'find-links', url: join(cwd, 'sub', 'wheels'), credentials: null, origin: 'sub/more.txt:1' },
      { kind: 'find-links', url: 'https://pages.invalid/list.html', credentials: null, origin: 'sub/more.txt:2' },
      { kind: 'find-links', url: root, credentials: null, origin: 'sub/more.txt:3' },
    ]);
  });

  test('--trusted-host is not obeyed, and that is said', async () => {
    const { set } = await read({
      'requirements.txt': '--trusted-host h.invalid\n--use-feature=fast-deps\n--prefer-binary\n',
    });
    expect(set.notices.map((notice) => notice.split(':', 3).slice(0, 3).join(':'))).toEqual([
      'requirements.txt:1: --trusted-host h.invalid is not obeyed',
      'requirements.txt:2: --use-feature fast-deps is not obeyed',
      'requirements.txt:3: --prefer-binary is not obeyed',
    ]);
  });

  test('a local wheel gets its own hash; folders, repositories and links stay as they are', async () => {
    const { set, problems, cwd } = await read({
      'sub/requirements.txt': `./foo-1.0-py3-none-any.whl\n-e ./lib\ngit+https://h.invalid/r@v1#egg=r\nb==1 --hash=sha256:${hash}\n`,
      'foo-1.0-py3-none-any.whl': 'wheel',
      'lib/setup.py': '',
    });
    expect(problems).toEqual([]);
    const digest = createHash('sha256').update('wheel').digest('hex');
    expect(set.requirements).toMatchObject([
      { kind: 'path', name: 'foo', url: join(cwd, 'foo-1.0-py3-none-any.whl'), hashes: [`sha256:${digest}`] },
      { kind: 'editable', url: join(cwd, 'lib'), hashes: [] },
      { kind: 'vcs', name: 'r', hashes: [] },
      { kind: 'named', name: 'b', hashes: [`sha256:${hash}`] },
    ]);
  });

  test('`packages` is read like a file, and stands beside one', async () => {
    const { set, problems } = await read({ 'requirements.txt': 'a', 'more.txt': 'c' }, 'b[x]>=1 # why\n-r more.txt');
    expect(problems).toEqual([]);
    expect(set.requirements.map(({ text, origin }) => `${origin} ${text}`)).toEqual([
      'requirements.txt:1 a',
      'packages:1 b[x]>=1',
      'more.txt:1 c',
    ]);
  });

  test('a lock is taken by its name and kept by its path', async () => {
    const { set, lock, problems, cwd } = await read({ 'pylock.cpu.toml': 'lock-version = "1.0"\npackages = []\n' });
    expect(problems).toEqual([]);
    expect(set.pylock).toBe(join(cwd, 'pylock.cpu.toml'));
    expect(lock?.packages).toEqual([]);
  });

  test('--require-hashes is content where every line has one', async () => {
    expect(await texts({ 'requirements.txt': `--require-hashes\na==1 \\\n  --hash=sha256:${hash}\n` })).toEqual([
      'a==1',
    ]);
  });
});
