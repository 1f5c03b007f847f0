import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from '@jest/globals';

const made: string[] = [];
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

/** A new empty folder, removed after the tests of the file. */
export async function scratch(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'runner-'));
  made.push(folder);
  return folder;
}

/** Writes a program of shell lines into a folder (made where missing) and gives its path. */
export async function program(folder: string, name: string, lines: readonly string[]): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, name);
  await writeFile(file, ['#!/bin/sh', ...lines, ''].join('\n'));
  await chmod(file, 0o755);
  return file;
}

/** A program that prints a text and ends with a status. */
export function printer(folder: string, name: string, text: string, status = 0): Promise<string> {
  return program(folder, name, [`/bin/cat <<'END'`, text, 'END', `exit ${status}`]);
}

/** The Pythons of this machine, oldest first: pyenv's, or the one on PATH. */
export async function pythons(): Promise<string[]> {
  const root = path.join(process.env['PYENV_ROOT'] ?? path.join(homedir(), '.pyenv'), 'versions');
  const versions = (await readdir(root).catch(() => [])).filter((name) => /^\d+\.\d+\.\d+$/.test(name));
  versions.sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
  return versions.length === 0 ? ['python3'] : versions.map((version) => path.join(root, version, 'bin', 'python'));
}

/** PATH with the system's own programs only, behind the given folders. */
export const pathOf = (...folders: readonly string[]) => [...folders, '/usr/bin', '/bin'].join(path.delimiter);

/** A whole answer of the probe, as a fake interpreter prints it, with some of it changed. */
export function probeAnswer(changes: Readonly<Record<string, unknown>> = {}): string {
  const facts = {
    executable: '/opt/fake/bin/python',
    version: '3.11.7',
    implementation: 'cpython',
    bits: 64,
    platform: 'linux-x86_64',
    freeThreaded: false,
    glibc: '2.36',
    musl: null,
    macos: null,
    prefix: '/opt/fake',
    basePrefix: '/opt/fake',
    virtual: false,
    externallyManaged: null,
    pip: null,
    setuptools: null,
    paddle: {},
    purelib: '/opt/fake/lib/python3.11/site-packages',
    writable: true,
    pipSettings: {},
    pipProblems: [],
    officialIndex: null,
    ...changes,
  };
  return `paddle-mirror-setup-probe:${JSON.stringify(facts)}`;
}
