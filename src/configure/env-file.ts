import path from 'node:path';
import { Failure } from '../values/failure.js';
import type { LaterEnvironment } from '../values/later.js';
import type { Journal } from './journal.js';

/** POSIX shell: within single quotes nothing has a meaning, and a quote itself stands outside of them (XCU 2.2.2). */
function shellQuote(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}

/**
 * dotenv has no standard. Chosen so that `sh` and the common readers agree: bare where nothing could be special, single quotes
 * (no escapes, no expansion, line ends allowed) else, double quotes with backslashes only where the value has a single quote.
 */
function dotenvQuote(value: string): string {
  if (/^[\w@%+=:,./-]*$/.test(value)) return value;
  if (!value.includes("'")) return `'${value}'`;
  return `"${value.replace(/[\\"$`]/g, '\\$&')}"`;
}

function checked(environment: LaterEnvironment): [string, string][] {
  const entries = Object.entries(environment.variables);
  const wrong = entries.filter(([name, value]) => !/^[A-Za-z_]\w*$/.test(name) || value.includes('\0'));
  if (wrong.length === 0) return entries;
  const problems = wrong.map(([name]) => ({
    where: 'environment-file',
    what: `The variable ${JSON.stringify(name)} can't be written to a file of variables.`,
    remedy: 'Names are letters, digits and underscores; values hold no NUL.',
  }));
  throw new Failure(2, problems);
}

/**
 * The environment as a file's text: `export NAME='value'` for a shell, where PATH goes on from the reader's own, or dotenv, where it
 * goes on from `search`, the PATH of now. Throws Failure(2) for a name or value that no such file can hold.
 */
export function formatEnvironment(environment: LaterEnvironment, form: 'shell' | 'dotenv', search: string): string {
  const entries = checked(environment);
  const folders = environment.path;
  if (form === 'shell') {
    const front =
      folders.length === 0
        ? []
        : [`export PATH=${shellQuote(folders.join(path.delimiter))}"\${PATH:+${path.delimiter}$PATH}"`];
    return [...front, ...entries.map(([name, value]) => `export ${name}=${shellQuote(value)}`)]
      .map((line) => `${line}\n`)
      .join('');
  }
  const whole = [...folders, ...(search === '' ? [] : [search])].join(path.delimiter);
  const front: [string, string][] = folders.length === 0 ? [] : [['PATH', whole]];
  return [...front, ...entries].map(([name, value]) => `${name}=${dotenvQuote(value)}\n`).join('');
}

/**
 * Writes the environment of later steps to the user's file, replaced in one step and recorded; a shell's form where its name ends in `.sh`.
 * Only its owner may read a new file: an index address may be private. Throws Failure(2) where it can't be written.
 */
export async function writeEnvFile(
  file: string,
  environment: LaterEnvironment,
  search: string,
  journal: Journal,
): Promise<void> {
  const text = formatEnvironment(environment, file.endsWith('.sh') ? 'shell' : 'dotenv', search);
  await journal.writeFile(file, text, 0o600).catch((cause: Error) => {
    const what = `${file} can't be written: ${cause.message.split(',')[0]}.`;
    const remedy = 'Name a file in a folder that exists and that this user may write.';
    throw new Failure(2, [{ where: 'environment-file', what, remedy }], { cause });
  });
}
