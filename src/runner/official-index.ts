import { readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Interpreter } from '../values/interpreter.js';
import { isProgram, pythonsOnPath } from './find-program.js';
import { probe } from './probe.js';

const mostTries = 6;
const limitMs = 3_000;

/** Every `parent/*` for each parent that can be read. */
async function children(parents: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(
    parents.map(async (parent) => (await readdir(parent).catch(() => [])).map((name) => path.join(parent, name))),
  );
  return lists.flat();
}

/** Pythons that are installed without being on PATH: pyenv's versions and the tool cache of a job (`Python/VERSION/ARCH`). */
async function pythonsElsewhere(environment: NodeJS.ProcessEnv): Promise<string[]> {
  const pyenv = environment['PYENV_ROOT'] ?? path.join(environment['HOME'] ?? path.sep, '.pyenv');
  const toolCache = environment['RUNNER_TOOL_CACHE'];
  const cached = toolCache === undefined ? [] : await children(await children([path.join(toolCache, 'Python')]));
  const prefixes = [...(await children([path.join(pyenv, 'versions')])), ...cached];
  return prefixes.map((prefix) =>
    process.platform === 'win32' ? path.join(prefix, 'python.exe') : path.join(prefix, 'bin', 'python3'),
  );
}

/**
 * Address of the official index as some other Python of this machine knows it, for an interpreter that has neither pip nor ensurepip,
 * nor a base that has. At most six are asked, 3 s each. Null where none knows. Throws the reason of an aborted signal.
 */
export async function findOfficialIndex(options: {
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}): Promise<Interpreter['officialIndex']> {
  const { environment, signal } = options;
  const asked = new Set<string>();
  for (const file of [...(await pythonsOnPath(environment)), ...(await pythonsElsewhere(environment))]) {
    if (asked.size === mostTries) break;
    if (!(await isProgram(file))) continue;
    const target = await realpath(file);
    if (asked.has(target)) continue;
    asked.add(target);
    const result = await probe(file, { environment, limitMs, signal });
    if ('facts' in result && result.facts.officialIndex !== null) return result.facts.officialIndex;
  }
  return null;
}
