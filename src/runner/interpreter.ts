import { lstat, realpath } from 'node:fs/promises';
import path from 'node:path';
import { compatibleTags } from '../packaging/tags.js';
import { Failure, type Problem } from '../values/failure.js';
import type { Interpreter } from '../values/interpreter.js';
import type { InterpreterFacts } from './answer.js';
import { findProgram, pythonsOnPath, searchPath } from './find-program.js';
import { type ProbeFault, probe } from './probe.js';

/** The name that stands for "whatever Python there is". */
const defaultName = 'python';
const limitMs = 20_000;

interface Options {
  /** A path, or a name on PATH. `python` is also looked for as `python3`, on Windows as `py` too. */
  readonly python: string;
  /** Absolute folder of the virtual environment that is or will be there, or null. */
  readonly venv: string | null;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

function fail(problem: Problem): never {
  throw new Failure(2, [problem]);
}

/** Short list of the Pythons that could be named instead. */
async function alternatives(environment: NodeJS.ProcessEnv): Promise<string> {
  const there = await pythonsOnPath(environment);
  if (there.length === 0) return `There is no Python on PATH (${searchPath(environment).join(path.delimiter)}).`;
  const rest = there.length > 8 ? ` and ${there.length - 8} more` : '';
  return `On PATH there are: ${there.slice(0, 8).join(', ')}${rest}.`;
}

/** Candidates in order: a path as it is, a name as PATH has it; the default also under its other names. */
async function candidates(python: string, environment: NodeJS.ProcessEnv): Promise<string[]> {
  if (/[/\\]/.test(python)) return [path.resolve(python)];
  const names =
    python !== defaultName ? [python] : ['python', 'python3', ...(process.platform === 'win32' ? ['py'] : [])];
  const found = await Promise.all(names.map((name) => findProgram(name, environment)));
  return found.filter((file) => file !== null);
}

async function probeBase({ python, environment, signal }: Options): Promise<InterpreterFacts> {
  const faults: { readonly file: string; readonly fault: ProbeFault }[] = [];
  for (const file of await candidates(python, environment)) {
    const result = await probe(file, { environment, limitMs, signal });
    if ('facts' in result) return result.facts;
    faults.push({ file, fault: result.fault });
    if (result.fault.kind !== 'absent') break;
  }
  const absent = `\`${python}\` is not on PATH.`;
  const what = faults.length === 0 ? absent : faults.map(({ file, fault }) => `${file} ${fault.text}`).join(' ');
  const inFolder = faults.some(({ fault }) => fault.kind === 'folder')
    ? `, such as ${venvPython(path.resolve(python))}`
    : '';
  return fail({
    where: 'python',
    what: `${what} ${await alternatives(environment)}`,
    remedy: `Set \`python\` to the name or the full path of a working interpreter${inFolder}.`,
  });
}

/** Where a virtual environment keeps its interpreter. */
function venvPython(venv: string): string {
  return process.platform === 'win32' ? path.join(venv, 'Scripts', 'python.exe') : path.join(venv, 'bin', 'python');
}

const exists = (file: string) =>
  lstat(file).then(
    () => true,
    () => false,
  );

async function probeVenv(venv: string, { environment, signal }: Options): Promise<InterpreterFacts | null> {
  const file = venvPython(venv);
  if (!(await exists(file)) && !(await exists(path.join(venv, 'pyvenv.cfg')))) return null;
  const result = await probe(file, { environment, limitMs, signal });
  if ('facts' in result) return result.facts;
  return fail({
    where: 'venv',
    what: `${venv} is a virtual environment that does not work: ${file} ${result.fault.text}`,
    remedy: 'Remove that folder, so that it is made anew, or name another one.',
  });
}

const minor = (version: string) => version.split('.').slice(0, 2).join('.');
const real = (folder: string) => realpath(folder).catch(() => folder);

/** The rule that an existing environment belongs to the Python that the user names; null where it does. */
async function mismatch(venv: string, made: InterpreterFacts, named: InterpreterFacts): Promise<Problem | null> {
  const kind = (facts: InterpreterFacts) => [facts.implementation, minor(facts.version), facts.freeThreaded].join();
  const sameBase = (await real(made.basePrefix)) === (await real(named.basePrefix));
  if (kind(made) === kind(named) && sameBase) return null;
  return {
    where: 'venv',
    what:
      `${venv} was made for Python ${made.version} (${made.basePrefix}), ` +
      `but \`python\` is ${named.version} (${named.basePrefix}).`,
    remedy: 'Remove that folder, name another one, or leave `python` out to use the environment as it is.',
  };
}

/**
 * The Python that PaddlePaddle is for: the venv's where it exists, else the one that is named. An unsuitable one (Python 2.7, PyPy,
 * 32 bit) is an answer, for the plan to refuse.
 * Throws Failure(2) where there is no working interpreter, or the venv was made for another one than `python` names.
 */
export async function probeInterpreter(options: Options): Promise<Interpreter> {
  const { venv, python } = options;
  const made = venv === null ? null : await probeVenv(venv, options);
  const named = made !== null && python === defaultName ? null : await probeBase(options);
  if (venv !== null && made !== null && named !== null) {
    const problem = await mismatch(venv, made, named);
    if (problem !== null) fail(problem);
  }
  const facts = made ?? named;
  if (facts === null) throw new Error('Neither the environment nor the interpreter was probed.');
  return { ...facts, tags: compatibleTags(facts) };
}
