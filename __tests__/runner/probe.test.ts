import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { InterpreterFacts } from '../../src/runner/answer.js';
import { probe } from '../../src/runner/probe.js';
import { program, pythons, scratch } from './support.js';

const signal = new AbortController().signal;

async function factsOf(file: string, environment: NodeJS.ProcessEnv = process.env): Promise<InterpreterFacts> {
  const result = await probe(file, { environment, limitMs: 20_000, signal });
  if ('fault' in result) throw new Error(`${file} ${result.fault.text}`);
  return result.facts;
}

/** What a Python prints for an expression. */
const says = (python: string, code: string) =>
  execFileSync(python, ['-c', code], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

const all = await pythons();
const [newest = 'python3'] = all.toReversed();

describe('every Python of this machine', () => {
  test.each(all)('%s tells what it says of itself', async (python) => {
    const facts = await factsOf(python);
    const own = JSON.parse(
      says(
        python,
        'import json,sys,sysconfig; print(json.dumps([sys.executable, "%d.%d.%d" % sys.version_info[:3], sysconfig.get_platform(), sys.prefix, sysconfig.get_path("purelib")]))',
      ),
    ) as unknown;
    expect([facts.executable, facts.version, facts.platform, facts.prefix, facts.purelib]).toEqual(own);
    expect([facts.bits, facts.implementation, facts.virtual]).toEqual([64, 'cpython', false]);
  });

  test.each(all)('%s names the official index, and versions, that its pip itself has', async (python) => {
    const facts = await factsOf(python);
    const index = says(python, 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)');
    expect(facts.officialIndex?.url).toBe(`${index.replace(/\/$/, '')}/`);
    expect(facts.pip).toBe(says(python, 'import pip; print(pip.__version__)'));
    const setuptools = says(
      python,
      'try:\n import setuptools; print(setuptools.__version__)\nexcept ImportError: print("none")',
    );
    expect(facts.setuptools ?? 'none').toBe(setuptools);
  });
});

describe('virtual environments', () => {
  test('one without pip has its base and the official index of its base', async () => {
    const folder = path.join(await scratch(), 'venv');
    execFileSync(newest, ['-m', 'venv', '--without-pip', folder]);
    const facts = await factsOf(path.join(folder, 'bin', 'python'));
    const base = await factsOf(newest);
    expect(facts).toMatchObject({
      virtual: true,
      pip: null,
      setuptools: null,
      prefix: folder,
      externallyManaged: null,
    });
    expect(facts.basePrefix).toBe(base.prefix);
    expect(facts.purelib.startsWith(folder)).toBe(true);
    expect(facts.officialIndex).toEqual(base.officialIndex);
  });

  test('one with the system packages has the pip of its base', async () => {
    const folder = path.join(await scratch(), 'venv');
    execFileSync(newest, ['-m', 'venv', '--without-pip', '--system-site-packages', folder]);
    const facts = await factsOf(path.join(folder, 'bin', 'python'));
    expect(facts.pip).toBe((await factsOf(newest)).pip);
  });

  test('where no pip is installed, the wheel bundled with ensurepip names the official index', async () => {
    const folder = path.join(await scratch(), 'venv');
    execFileSync(newest, ['-m', 'venv', '--without-pip', folder]);
    const base = await factsOf(newest);
    // A base prefix without site-packages: the venv's configuration is all that names it.
    const home = await scratch();
    await symlink(path.join(base.prefix, 'bin'), path.join(home, 'bin'));
    const minor = `python${base.version.split('.').slice(0, 2).join('.')}`;
    const stdlib = path.join(home, 'lib', minor);
    await mkdir(path.join(stdlib, 'site-packages'), { recursive: true });
    const script = `import os,sys
for name in os.listdir(sys.argv[1]):
    if name != "site-packages": os.symlink(os.path.join(sys.argv[1], name), os.path.join(sys.argv[2], name))`;
    execFileSync(newest, ['-c', script, path.join(base.prefix, 'lib', minor), stdlib]);
    const facts = await factsOf(path.join(base.prefix, 'bin', 'python'), { ...process.env, PYTHONHOME: home });
    expect(facts.pip).toBeNull();
    expect(facts.officialIndex?.url).toBe(base.officialIndex?.url);
    expect(facts.officialIndex?.origin).toMatch(/ensurepip.*\.whl$/);
  });
});

describe('what is installed', () => {
  test('packages of PaddlePaddle are found by their metadata, remains of an interrupted uninstall are not', async () => {
    const folder = await scratch();
    for (const entry of [
      'paddlepaddle_gpu-3.2.2.dist-info',
      'Paddle.Custom_NPU-3.2.0.dist-info',
      'numpy-2.0.0.dist-info',
    ]) {
      await mkdir(path.join(folder, entry));
      await writeFile(path.join(folder, entry, 'METADATA'), '');
    }
    await mkdir(path.join(folder, 'paddlepaddle-3.0.0.dist-info'));
    await mkdir(path.join(folder, '~addlepaddle-3.1.0.dist-info'));
    const facts = await factsOf(newest, { ...process.env, PYTHONPATH: folder });
    expect(facts.paddle).toEqual({ 'paddlepaddle-gpu': '3.2.2', 'paddle-custom-npu': '3.2.0' });
  });

  test('a marker file of the distribution (PEP 668) gives its text outside of a venv', async () => {
    const system = '/usr/bin/python3';
    const facts = await factsOf(system).catch(() => null);
    const marker = says(newest, 'import glob; print("".join(glob.glob("/usr/lib/python3*/EXTERNALLY-MANAGED")))');
    if (facts === null || marker === '') {
      process.stdout.write('not checked: the system Python of this machine is not externally managed\n');
      return;
    }
    expect(facts.externallyManaged).toMatch(/\S/);
    const folder = path.join(await scratch(), 'venv');
    execFileSync(system, ['-m', 'venv', '--without-pip', folder]);
    expect((await factsOf(path.join(folder, 'bin', 'python'))).externallyManaged).toBeNull();
  });

  test('what a sitecustomize prints does not hide the answer', async () => {
    const folder = await scratch();
    await writeFile(
      path.join(folder, 'sitecustomize.py'),
      'import sys; sys.stdout.write("paddle-mirror-setup-probe:{ hello")',
    );
    expect((await factsOf(newest, { ...process.env, PYTHONPATH: folder })).bits).toBe(64);
  });

  test('modules in the working directory are not imported', async () => {
    const folder = await scratch();
    await writeFile(path.join(folder, 'json.py'), 'raise SystemExit(9)');
    const wrapper = await program(folder, 'python', [`cd ${folder} && exec ${newest} "$@"`]);
    expect((await factsOf(wrapper)).executable).toBe(newest);
  });
});

describe('programs that give no answer', () => {
  const fault = async (file: string, limitMs = 20_000) => {
    const result = await probe(file, { environment: process.env, limitMs, signal });
    return 'fault' in result ? result.fault : null;
  };

  test('each is told apart', async () => {
    const folder = await scratch();
    const plain = path.join(folder, 'plain');
    await writeFile(plain, 'text');
    await symlink(path.join(folder, 'gone'), path.join(folder, 'dangling'));
    const shim = await program(folder, 'shim', ['echo "pyenv: python3.14: command not found" >&2', 'exit 127']);
    const failing = await program(folder, 'failing', ['echo "cannot open shared object file" >&2', 'exit 1']);
    const killed = await program(folder, 'killed', ['kill -9 $$']);
    const other = await program(folder, 'other', ['echo "usage: other FILE"']);
    expect(await fault(path.join(folder, 'nowhere'))).toEqual({ kind: 'absent', text: 'does not exist.' });
    expect(await fault(folder)).toEqual({ kind: 'folder', text: 'is a folder.' });
    expect(await fault(plain)).toEqual({ kind: 'broken', text: 'is not a file that may be executed.' });
    expect((await fault(path.join(folder, 'dangling')))?.text).toBe(
      'is a link to a file that does not exist any more.',
    );
    expect(await fault(shim)).toEqual({
      kind: 'absent',
      text: 'leads to no Python: pyenv: python3.14: command not found.',
    });
    expect((await fault(failing))?.text).toBe('failed with exit status 1: cannot open shared object file.');
    expect((await fault(killed))?.text).toBe('was ended by a signal.');
    expect((await fault(other))?.text).toBe('is not a Python; it printed: usage: other FILE.');
  });

  test('one that hangs is ended with its children, at the limit', async () => {
    const hanging = await program(await scratch(), 'hanging', ['sleep 600 & wait']);
    expect((await fault(hanging, 200))?.text).toBe('did not answer within 0.2 s.');
  });

  test('a Python that dies at its start is quoted by its reason', async () => {
    const result = await probe(newest, { environment: { PYTHONHOME: '/nonexistent' }, limitMs: 20_000, signal });
    expect('fault' in result && result.fault.text).toMatch(/failed with exit status 1: .*encodings/);
  });
});
