import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Machine, makeMachine, repository } from '../support/machine.js';
import { type Mirror, startMirror } from '../support/mirror.js';
import { startJob } from '../support/runner.js';

let machine: Machine;
let index: Mirror;
let paddle: Mirror;

/** The options that keep a run on loopback, whatever else it is asked. */
const loopback = () => ['--python', machine.python, '--mirrors', index.index, '--paddle-index', paddle.index];

/** A line of a stack: a user's mistake must not show one. */
const STACK = /^\s+at .*:\d+:\d+\)?$/m;

beforeEach(async () => {
  machine = await makeMachine();
  // 3.1.1 is there for a Python that nobody has.
  const names = ['3.2.1-py3-none-any', '3.2.2-py3-none-any', '3.1.1-cp399-cp399-manylinux1_x86_64'];
  const files = Object.fromEntries(names.map((name) => [`paddlepaddle-${name}.whl`, Buffer.from(name)]));
  index = await startMirror({ files: { paddlepaddle: files } });
  paddle = await startMirror({ paddle: true, files: {} });
});
afterEach(async () => {
  await Promise.all([index.close(), paddle.close(), machine.remove()]);
});

/** Options → words that the answer must hold. Files named here are made first, below the folder of work. */
const wrong: readonly {
  readonly what: string;
  readonly options: readonly string[];
  readonly says: readonly RegExp[];
}[] = [
  { what: 'an unknown device', options: ['--device', 'cu1266'], says: [/device/, /cu126\b/] },
  { what: 'an unknown flag', options: ['--devise', 'cpu'], says: [/--device\b/] },
  { what: 'an unknown command', options: ['instal'], says: [/setup/] },
  { what: 'a version that is none', options: ['--paddle-version', 'three'], says: [/paddle-version/, /three/] },
  { what: 'a missing requirements file', options: ['--requirements', 'none.txt'], says: [/none\.txt/] },
  { what: 'a folder as requirements', options: ['--requirements', 'folder'], says: [/folder/] },
  { what: 'requirements that are not UTF-8', options: ['--requirements', 'latin.txt'], says: [/latin\.txt/, /UTF-8/i] },
  { what: 'a syntax error in requirements', options: ['--requirements', 'syntax.txt'], says: [/syntax\.txt:2/] },
  { what: 'both distributions', options: ['--requirements', 'both.txt'], says: [/paddlepaddle-gpu/, /both\.txt/] },
  {
    what: 'requirements against the version',
    options: ['--requirements', 'pinned.txt', '--paddle-version', '3.2.2'],
    says: [/3\.1\.1/, /3\.2\.2/],
  },
  { what: 'an address that is none', options: ['--mirrors', 'http://'], says: [/mirrors/] },
  { what: 'a file address', options: ['--paddle-index', 'file:///etc'], says: [/paddle-index/, /file/] },
  { what: 'a misspelt switch', options: ['--install', 'maybe'], says: [/install/, /maybe/, /\bon\b/, /\boff\b/] },
  { what: 'a misspelt number', options: ['--timeout-minutes', 'soon'], says: [/timeout-minutes/, /soon/] },
  { what: 'a misspelt duration', options: ['--lock-max-age', '7 parsecs'], says: [/lock-max-age/, /parsecs/] },
  { what: 'a file as environment', options: ['--venv', 'syntax.txt'], says: [/venv/, /syntax\.txt/] },
  {
    what: 'a cache below a file',
    options: ['--cache', 'directory', '--cache-path', 'syntax.txt/cache'],
    says: [/cache/],
  },
  { what: 'words for a shell', options: ['--device', '$(touch pwned);`touch pwned`'], says: [/device/] },
  { what: 'a line end in a name', options: ['--python', 'python3\ntouch pwned'], says: [/python/] },
];

describe('a wrong request', () => {
  for (const { what, options, says } of wrong) {
    test(`is answered at once and changes nothing: ${what}`, async () => {
      await mkdir(join(machine.work, 'folder'));
      await writeFile(join(machine.work, 'latin.txt'), Buffer.from('numpy # caf\xe9\n', 'latin1'));
      await writeFile(join(machine.work, 'syntax.txt'), 'numpy\nnumpy >< 2\n');
      await writeFile(join(machine.work, 'both.txt'), 'paddlepaddle\npaddlepaddle-gpu\n');
      await writeFile(join(machine.work, 'pinned.txt'), 'paddlepaddle==3.1.1\n');
      const before = await machine.files();
      const kept = loopback().filter((_, at, all) => !options.includes(all[at - (at % 2)] ?? ''));
      const said = await machine.cli(options[0]?.startsWith('--') ? ['setup', ...kept, ...options] : [...options]);
      for (const words of says) expect(said.stderr).toMatch(words);
      expect(said).toMatchObject({ exitCode: 2, stderr: expect.not.stringMatching(STACK) });
      expect(await machine.files()).toEqual(before);
      expect(index.bytes + paddle.bytes).toBe(0);
    });
  }

  test('is told everything that is wrong with it at once', async () => {
    const said = await machine.cli([
      'setup',
      '--device',
      'cpuu',
      '--requirements',
      'none.txt',
      '--timeout-minutes',
      'soon',
    ]);
    expect(said.exitCode).toBe(2);
    for (const words of [/cpuu/, /none\.txt/, /soon/]) expect(said.stderr).toMatch(words);
  });

  test('for a version that does not exist names the nearest one that does, before a file is fetched', async () => {
    const said = await machine.cli(['setup', ...loopback(), '--device', 'cpu', '--paddle-version', '3.2.7']);
    expect(said).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/3\.2\.7[\s\S]*3\.2\.2/) });
    expect(index.bytes).toBe(0);
  });

  test('for a version without a file for this Python says so', async () => {
    const said = await machine.cli(['setup', ...loopback(), '--device', 'cpu', '--paddle-version', '3.1.1']);
    expect(said).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/3\.1\.1[\s\S]*Python 3\.99/) });
    expect(index.bytes).toBe(0);
  });

  test('with a password in an address never shows it', async () => {
    const said = await machine.cli(['setup', '--device', 'cpuu', '--mirrors', 'http://who:hunter2@127.0.0.1:1/simple']);
    expect(said.exitCode).toBe(2);
    expect(said.stdout + said.stderr).not.toContain('hunter2');
  });

  test('fails the step with an annotation, and its post has nothing to do', async () => {
    const job = await startJob(machine.environment);
    const step = await job.uses(repository, { device: 'cpuu', python: machine.python });
    expect(step).toMatchObject({ exitCode: 2, environment: {}, paths: [] });
    expect(step.annotations).toEqual([
      expect.objectContaining({ level: 'error', message: expect.stringContaining('cpuu') }),
    ]);
    expect((await job.end()).map((post) => post.exitCode)).toEqual([0]);
    expect(await machine.files()).toEqual([]);
  });
});
