import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type InputName, inputs, outputs } from '../../src/request/inputs.js';
import { parseRequest } from '../../src/request/parse.js';
import { secretsOf } from '../../src/request/secrets.js';
import type { Request } from '../../src/values/request.js';

const cwd = mkdtempSync(join(tmpdir(), 'request-'));
const read = (raw: Partial<Record<InputName, string>>): Promise<Request> =>
  parseRequest(raw, {
    cwd,
    environment: {},
    known: {
      devices: ['cpu', 'cu126'],
      mirrors: ['tuna'],
      distributions: new Set(['paddlepaddle', 'paddlepaddle-gpu']),
    },
    origin: 'input',
    onlyLooks: false,
  });

beforeAll(() => {
  mkdirSync(join(cwd, 'made'));
  writeFileSync(join(cwd, 'made', 'pyvenv.cfg'), '');
  mkdirSync(join(cwd, 'empty'));
  writeFileSync(join(cwd, 'pinned.txt'), 'numpy\nPaddlePaddle==3.1.1\n');
  const lock = 'lock-version = "1.0"\n[[packages]]\nname = "PaddlePaddle_GPU"\nversion = "3.1.0"\n';
  writeFileSync(join(cwd, 'pylock.toml'), lock);
  writeFileSync(join(cwd, 'marked.txt'), 'paddlepaddle==3.1.1 ; python_version < "3.9"\npaddlepaddle>=3\n');
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

describe('a request', () => {
  test('without inputs is what the table calls defaults', async () => {
    expect(await read({})).toEqual({
      paddle: { kind: 'newest' },
      device: 'auto',
      requirements: {
        requirements: [],
        constraints: [],
        indexes: [],
        noIndex: false,
        preReleases: false,
        formats: [],
        pylock: null,
        notices: [],
      },
      python: 'python',
      venv: null,
      install: true,
      installer: 'uv',
      mirrors: 'auto',
      paddleIndexes: [],
      indexCredentials: [],
      configure: ['pip'],
      pipConfig: 'env',
      dockerMirrors: [],
      dockerImages: [],
      dockerContext: null,
      scope: 'job',
      envFile: null,
      cache: 'auto',
      cacheUrl: null,
      cacheWrite: 'auto',
      cachePath: null,
      cacheLimit: 30e9,
      verify: 'full',
      gpu: 'required',
      lockMaxAgeMs: 604_800_000,
      timeoutMs: 1_800_000,
      reportFile: null,
    });
  });

  test('with blank inputs is the same, as a workflow leaves them', async () => {
    expect(await read(Object.fromEntries(inputs.map(({ name }) => [name, '  \n'])))).toEqual(await read({}));
  });

  test.each([
    ['3.2.2', '==3.2.2'],
    ['v3.2.2', '==3.2.2'],
    ['3.3.*', '==3.3.*'],
    ['3.0.0rc1', '==3.0.0rc1'],
    ['2.6.2.post118', '==2.6.2.post118'],
    ['>= 3.1, < 3.3', '>=3.1,<3.3'],
    ['~=3.1', '~=3.1'],
  ])('paddle-version %s is %s', async (text, specifier) => {
    expect((await read({ 'paddle-version': text })).paddle).toEqual({
      kind: 'specifier',
      specifier,
      origin: 'paddle-version',
    });
  });

  test('latest and nightly are words', async () => {
    expect((await read({ 'paddle-version': 'latest' })).paddle).toEqual({ kind: 'newest' });
    expect((await read({ 'paddle-version': 'nightly' })).paddle).toEqual({ kind: 'nightly' });
  });

  test('a line that pins PaddlePaddle is the wish where paddle-version is empty', async () => {
    expect((await read({ requirements: 'pinned.txt' })).paddle).toEqual({
      kind: 'specifier',
      specifier: '==3.1.1',
      origin: 'pinned.txt:2',
    });
    expect((await read({ requirements: 'pinned.txt', 'paddle-version': '3.2.2' })).paddle).toMatchObject({
      specifier: '==3.2.2',
    });
  });

  test('a lock pins PaddlePaddle as well', async () => {
    expect((await read({ requirements: 'pylock.toml' })).paddle).toEqual({
      kind: 'specifier',
      specifier: '==3.1.0',
      origin: 'pylock.toml',
    });
  });

  test('a line with a marker is none before the interpreter is known', async () => {
    expect((await read({ requirements: 'marked.txt' })).paddle).toEqual({ kind: 'newest' });
  });

  test('mirrors are names and addresses in order of wish, each once, credentials apart', async () => {
    expect((await read({ mirrors: 'tuna, https://me:a%40b@m.invalid/simple/\nofficial,tuna' })).mirrors).toEqual([
      { kind: 'name', name: 'tuna' },
      { kind: 'url', url: 'https://m.invalid/simple/', credentials: { username: 'me', password: 'a@b' } },
      { kind: 'name', name: 'official' },
    ]);
  });

  test('passwords and tokens in it are known for masking, as they are and as they stand in an address; names beside them are none', async () => {
    const request = await read({
      mirrors: 'https://me:a%40b@m.invalid/simple/',
      'paddle-index': 'https://token@p.invalid/',
      packages: '--extra-index-url https://you:50%@x.invalid/simple',
    });
    expect(secretsOf(request)).toEqual(['a@b', 'a%40b', 'token', '50%', '50%25']);
    expect(request.paddleIndexes).toEqual([
      { url: 'https://p.invalid/', credentials: { username: 'token', password: '' } },
    ]);
  });

  test('paths are absolute, may hold blanks and quotes, and ~ is the home folder', async () => {
    const request = await read({
      venv: 'my "venv"',
      'cache-path': '~/paddle cache',
      report: "it's.json",
      'environment-file': join(cwd, 'later.env'),
    });
    expect(request).toMatchObject({
      venv: join(cwd, 'my "venv"'),
      cachePath: join(homedir(), 'paddle cache'),
      reportFile: join(cwd, "it's.json"),
      envFile: join(cwd, 'later.env'),
    });
  });

  test.each(['made', 'empty', 'new/one'])('venv %s: an environment, an empty folder or none yet', async (venv) => {
    expect((await read({ venv })).venv).toBe(join(cwd, venv));
  });

  test.each([
    ['30m', 1_800_000],
    ['12h', 43_200_000],
    ['0', 0],
    ['0d', 0],
  ])('lock-max-age %s is %d ms', async (text, ms) => {
    expect((await read({ 'lock-max-age': text })).lockMaxAgeMs).toBe(ms);
  });

  test('half a minute is a time-out', async () => {
    expect((await read({ 'timeout-minutes': '0.5' })).timeoutMs).toBe(30_000);
  });

  test('can not be changed by those who read it', async () => {
    const request = await read({});
    expect(Object.isFrozen(request) && Object.isFrozen(request.requirements)).toBe(true);
  });
});

describe('the table of inputs', () => {
  test('names each input once, in the spelling of GitHub, with a help that is a sentence', () => {
    for (const table of [inputs, outputs]) {
      expect(new Set(table.map(({ name }) => name)).size).toBe(table.length);
      for (const { name, help } of table) {
        expect(name).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
        expect(help).toMatch(/^[`A-Z].*\.$/s);
      }
    }
  });

  test.each(inputs.map((input) => [input.name, input.default] as const))(
    '%s: its default %j is accepted',
    async (name, value) => {
      expect(await read(value === null ? {} : { [name]: value })).toEqual(await read({}));
    },
  );

  test.each(inputs.flatMap(({ name, choices }) => (choices ?? []).map((choice) => [name, choice] as const)))(
    '%s: %s is accepted',
    async (name, choice) => {
      const bucket = choice === 's3' ? { 'cache-url': 's3://wheels/team' } : {};
      // Telling Docker of mirrors needs mirrors.
      const told = name === 'configure' && !['pip', 'conda', 'off'].includes(choice);
      const mirrors = told ? { 'docker-mirrors': 'daocloud' } : {};
      expect(await read({ [name]: choice, ...bucket, ...mirrors })).toBeDefined();
    },
  );
});

test.each(inputs.filter(({ type }) => type === 'choice'))(
  'the help of $name names every word that it takes',
  (input) => {
    for (const word of input.choices ?? []) {
      if (word !== input.default) expect(input.help).toContain(`\`${word}\``);
    }
  },
);
