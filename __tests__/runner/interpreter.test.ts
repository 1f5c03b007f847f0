import { execFileSync } from 'node:child_process';
import { mkdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { probeInterpreter } from '../../src/runner/interpreter.js';
import { Failure, type Problem } from '../../src/values/failure.js';
import { pathOf, printer, probeAnswer, program, pythons, scratch } from './support.js';

const signal = new AbortController().signal;
const all = await pythons();
const [newest = 'python3', older = newest] = all.toReversed();

const find = (python: string, environment: NodeJS.ProcessEnv = process.env, venv: string | null = null) =>
  probeInterpreter({ python, venv, environment, signal });

/** The one problem that a look-up ends with. */
async function problem(...args: Parameters<typeof find>): Promise<Problem> {
  const error: unknown = await find(...args).catch((reason: unknown) => reason);
  if (!(error instanceof Failure) || error.exitCode !== 2 || error.problems.length !== 1) throw error;
  return error.problems[0] as Problem;
}

async function makeVenv(python: string): Promise<string> {
  const folder = path.join(await realpath(await scratch()), 'venv');
  execFileSync(python, ['-m', 'venv', '--without-pip', folder]);
  return folder;
}

describe('which interpreter', () => {
  test('a shim on PATH leads to the real executable behind it', async () => {
    const folder = await scratch();
    await program(folder, 'python', [`exec ${newest} "$@"`]);
    const interpreter = await find('python', { PATH: pathOf(folder) });
    expect(interpreter.executable).toBe(newest);
    expect(interpreter.tags[0]).toMatch(/^cp3\d+-cp3\d+-/);
  });

  test('a name is the first program of that name on PATH, a path is itself', async () => {
    const [one, two] = [await scratch(), await scratch()];
    await printer(one, 'mypython', probeAnswer({ version: '3.9.1' }));
    const file = await printer(two, 'mypython', probeAnswer({ version: '3.10.1' }));
    expect((await find('mypython', { PATH: pathOf(one, two) })).version).toBe('3.9.1');
    expect((await find(file)).version).toBe('3.10.1');
    expect((await find(path.relative(process.cwd(), file))).version).toBe('3.10.1');
  });

  test('the default is python3 where there is no python, or only a shim without a Python behind it', async () => {
    const [shims, real] = [await scratch(), await scratch()];
    await printer(real, 'python3', probeAnswer());
    const only = { PATH: real };
    expect((await find('python', only)).version).toBe('3.11.7');
    await program(shims, 'python', ['echo "pyenv: python: command not found" >&2', 'exit 127']);
    expect((await find('python', { PATH: [shims, real].join(path.delimiter) })).version).toBe('3.11.7');
  });

  test('a default that is there but broken is told, not passed over', async () => {
    const folder = await scratch();
    await program(folder, 'python', ['echo "libpython3.11.so.1.0: cannot open shared object file" >&2', 'exit 1']);
    await printer(folder, 'python3', probeAnswer());
    expect((await problem('python', { PATH: pathOf(folder) })).what).toMatch(
      /python failed with exit status 1: libpython/,
    );
  });

  test.each([
    ['PyPy', { implementation: 'pypy', version: '3.10.14' }],
    ['32 bit', { bits: 32 }],
    ['3.14', { version: '3.14.0rc1' }],
    ['musl', { glibc: null, musl: '1.2.4' }],
    ['free-threaded', { version: '3.13.0', freeThreaded: true }],
  ])('an unsuitable one is an answer: %s', async (_, changes) => {
    const file = await printer(await scratch(), 'python', probeAnswer(changes));
    expect(await find(file)).toMatchObject(changes);
  });

  test('so is Python 2.7', async () => {
    const two = all.find((file) => file.includes('/2.7.'));
    if (two === undefined) {
      process.stdout.write('not checked: there is no Python 2.7 on this machine\n');
      return;
    }
    expect(await find(two)).toMatchObject({ version: '2.7.18', implementation: 'cpython' });
  });
});

describe('no interpreter', () => {
  test('a name that is not on PATH is told together with the Pythons that are', async () => {
    const folder = await scratch();
    const there = await printer(folder, 'python3.11', probeAnswer());
    expect(await problem('python3.15', { PATH: folder })).toEqual({
      where: 'python',
      what: `\`python3.15\` is not on PATH. On PATH there are: ${there}.`,
      remedy: 'Set `python` to the name or the full path of a working interpreter.',
    });
  });

  test('a PATH without any Python is shown', async () => {
    const folder = await scratch();
    expect((await problem('python', { PATH: folder })).what).toBe(
      `\`python\` is not on PATH. There is no Python on PATH (${folder}).`,
    );
  });

  test('a folder is told apart, with the interpreter that may be in it', async () => {
    const folder = await scratch();
    const { what, remedy } = await problem(folder);
    expect(what).toMatch(`${folder} is a folder.`);
    expect(remedy).toMatch(path.join(folder, 'bin', 'python'));
  });

  test.each([
    ['../nowhere/python', /nowhere\/python does not exist\./],
    ['/bin/cat', /\/bin\/cat is not a Python; it printed: "/],
    ['$(touch x);python', /is not on PATH/],
  ])('%s', async (name, what) => {
    expect((await problem(name)).what).toMatch(what);
  });
});

describe('with an environment', () => {
  test('one that is not there yet leaves the base', async () => {
    const folder = await scratch();
    expect((await find(newest, process.env, path.join(folder, 'new'))).executable).toBe(newest);
    expect((await find(newest, process.env, folder)).executable).toBe(newest);
  });

  test('one that is there is the interpreter, whatever python is on PATH', async () => {
    const venv = await makeVenv(newest);
    const interpreter = await find('python', { PATH: await scratch() }, venv);
    expect(interpreter).toMatchObject({ executable: path.join(venv, 'bin', 'python'), virtual: true, prefix: venv });
  });

  test('one that was made for the Python that is named is taken, also by the name of the environment itself', async () => {
    const venv = await makeVenv(newest);
    const own = path.join(venv, 'bin', 'python');
    expect((await find(newest, process.env, venv)).executable).toBe(own);
    expect((await find(own, process.env, venv)).executable).toBe(own);
  });

  test('one that was made for another Python is refused', async () => {
    const venv = await makeVenv(older);
    const file = await printer(await scratch(), 'python', probeAnswer({ version: '3.11.7', basePrefix: '/opt/other' }));
    const { where, what, remedy } = await problem(file, process.env, venv);
    expect(where).toBe('venv');
    expect(what).toMatch(
      new RegExp(`^${venv} was made for Python [\\d.]+ \\(.*\\), but \`python\` is 3.11.7 \\(/opt/other\\)\\.$`),
    );
    expect(remedy).toMatch('Remove that folder');
  });

  test('one whose Python is gone is refused', async () => {
    const venv = await makeVenv(newest);
    const link = path.join(venv, 'bin', 'python');
    await rm(link);
    expect((await problem('python', process.env, venv)).what).toMatch(/does not work: .*bin\/python does not exist\.$/);
    await symlink('/nonexistent/python', link);
    expect((await problem('python', process.env, venv)).what).toMatch(
      /is a link to a file that does not exist any more\.$/,
    );
  });

  test('a folder with other things in it and no interpreter leaves the base', async () => {
    const folder = await scratch();
    await mkdir(path.join(folder, 'bin'));
    await writeFile(path.join(folder, 'notes.txt'), '');
    expect((await find(newest, process.env, folder)).executable).toBe(newest);
  });
});

test('an abort ends the probe with its reason', async () => {
  const file = await program(await scratch(), 'python', ['sleep 600 & wait']);
  const controller = new AbortController();
  const found = probeInterpreter({ python: file, venv: null, environment: process.env, signal: controller.signal });
  setTimeout(() => controller.abort(new Error('the deadline has passed')), 100);
  await expect(found).rejects.toThrow('the deadline has passed');
});
