import { lstat, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../process/run.js';
import { type InterpreterFacts, readAnswer } from './answer.js';
import { packageEnvironment } from './clean-environment.js';
import { isProgram } from './find-program.js';

/** Why a program told nothing about a Python; `text` ends the sentence that the program's path begins. */
export interface ProbeFault {
  /** `absent`: nothing is there, or a version manager's shim with no Python behind it; another candidate may do. */
  readonly kind: 'absent' | 'folder' | 'broken';
  readonly text: string;
}

const probeFile = join(import.meta.dirname, 'probe.py');

/** Exit statuses with which a shim (POSIX shells) and the Windows Store's stand-in say that there is no such Python. */
const noSuchCommand: ReadonlySet<number | null> = new Set([127, 9009]);

async function notRunnable(file: string): Promise<ProbeFault> {
  const there = await lstat(file).catch(() => null);
  if (there === null) return { kind: 'absent', text: 'does not exist.' };
  const target = await stat(file).catch(() => null);
  if (target === null) return { kind: 'broken', text: 'is a link to a file that does not exist any more.' };
  if (target.isDirectory()) return { kind: 'folder', text: 'is a folder.' };
  return { kind: 'broken', text: 'is not a file that may be executed.' };
}

/**
 * Runs `probe.py` with a program and gives its answer, or says why there is none. `limitMs` is in milliseconds. The user's own
 * environment is kept but for the job's keys, since it decides what that Python is; the probe does not import from the working directory.
 */
export async function probe(
  file: string,
  options: { readonly environment: NodeJS.ProcessEnv; readonly limitMs: number; readonly signal: AbortSignal },
): Promise<{ readonly facts: InterpreterFacts } | { readonly fault: ProbeFault }> {
  if (!(await isProgram(file))) return { fault: await notRunnable(file) };
  // A `sitecustomize` and every .pth file of that Python run before the probe does.
  const environment = packageEnvironment(options.environment);
  const answer = await run({ ...options, environment, file, args: [probeFile] });
  const facts = readAnswer(answer.stdout);
  if (facts !== null && answer.code === 0) return { facts: { ...facts, executable: facts.executable || file } };
  const broken = (text: string) => ({ fault: { kind: 'broken' as const, text } });
  if (answer.timedOut) return broken(`did not answer within ${options.limitMs / 1000} s.`);
  if (answer.startError !== null) return broken(`cannot be started (${answer.startError}).`);
  const said = answer.stderr.trim() || answer.stdout.trim();
  // Python names its reason in a line such as `ImportError: ...` below much else; a shell's or a shim's complaint begins with it.
  const lines = said.split(/\r?\n/);
  const line = (lines.findLast((text) => /^\w+(Error|Exception)\b/.test(text)) ?? lines[0])?.trim().slice(0, 300);
  const quoted = line ? `: ${line.replace(/\.?$/, '.')}` : '.';
  if (noSuchCommand.has(answer.code)) return { fault: { kind: 'absent', text: `leads to no Python${quoted}` } };
  if (answer.code === null) return broken(`was ended by a signal${quoted}`);
  if (answer.code !== 0) return broken(`failed with exit status ${answer.code}${quoted}`);
  return broken(line ? `is not a Python; it printed${quoted}` : 'is not a Python.');
}
