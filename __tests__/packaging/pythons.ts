import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { TagEnvironment } from '../../src/packaging/tags.js';

/** Runs a program in an interpreter, `input` on its standard input, and gives what it prints as JSON. */
export function askPython(executable: string, program: string, input: unknown = null): unknown {
  const output = execFileSync(executable, ['-I', '-c', program], {
    // A program that reads nothing may have ended before it is written to.
    ...(input === null ? {} : { input: JSON.stringify(input) }),
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    timeout: 30_000,
  });
  return JSON.parse(output);
}

/** `sys.version_info` and pip's version as one sortable number each; null where it is no Python 3.8 or newer with pip. */
function inspect(executable: string): { readonly executable: string; readonly pip: number } | null {
  const program = 'import sys, pip; assert sys.version_info >= (3, 8); print(pip.__version__)';
  try {
    const pip = execFileSync(executable, ['-I', '-c', program], { encoding: 'utf8', stdio: 'pipe', timeout: 30_000 });
    return { executable, pip: Number.parseFloat(pip) };
  } catch {
    return null;
  }
}

/** Every interpreter of this machine that brings pip, 3.8 and newer: those of pyenv and those on PATH; the one with the newest pip first. */
export function findPythons(): [string, ...string[]] {
  const versions = join(homedir(), '.pyenv', 'versions');
  const installed = existsSync(versions)
    ? readdirSync(versions).map((name) => join(versions, name, 'bin', 'python'))
    : [];
  const [first, ...rest] = [...installed.filter(existsSync), 'python3', 'python']
    .map(inspect)
    .filter((found) => found !== null)
    .sort((a, b) => b.pip - a.pip)
    .map(({ executable }) => executable);
  if (first === undefined) {
    throw new Error('these tests compare with the real pip: a Python 3.8 or newer that has pip must be on PATH');
  }
  return [first, ...rest];
}

/** What decides an interpreter's tags, as it tells itself. */
export function describePython(executable: string): TagEnvironment {
  const program = `
import json, platform, struct, sys, sysconfig
mac = platform.mac_ver()[0]
libc, libc_version = platform.libc_ver()
print(json.dumps({
    'implementation': sys.implementation.name, 'version': platform.python_version(),
    'freeThreaded': bool(sysconfig.get_config_var('Py_GIL_DISABLED')), 'platform': sysconfig.get_platform(),
    'bits': struct.calcsize('P') * 8, 'glibc': libc_version if libc == 'glibc' else None, 'musl': None,
    'macos': {'version': mac, 'machine': platform.machine()} if mac else None}))`;
  return askPython(executable, program) as TagEnvironment;
}
