import path from 'node:path';
import { Failure } from '../values/failure.js';
import type { LaterEnvironment } from '../values/later.js';
import type { Edit } from './journal.js';

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
 * The environment as assignments: `export NAME='value'` for a shell, where PATH goes on from the reader's own, or dotenv, where it goes on
 * from `search`, the PATH of now. One may take several lines. Throws Failure(2) for a name or value that no such file can hold.
 */
export function formatEnvironment(environment: LaterEnvironment, form: 'shell' | 'dotenv', search: string): string[] {
  const entries = checked(environment);
  const folders = environment.path;
  if (form === 'shell') {
    const front =
      folders.length === 0
        ? []
        : [`export PATH=${shellQuote(folders.join(path.delimiter))}"\${PATH:+${path.delimiter}$PATH}"`];
    return [...front, ...entries.map(([name, value]) => `export ${name}=${shellQuote(value)}`)];
  }
  const whole = [...folders, ...(search === '' ? [] : [search])].join(path.delimiter);
  const front: [string, string][] = folders.length === 0 ? [] : [['PATH', whole]];
  return [...front, ...entries].map(([name, value]) => `${name}=${dotenvQuote(value)}`);
}

/**
 * The environment of later steps in the user's file, behind what is there: a shell's form where its name ends in `.sh`, dotenv else.
 * Only its owner may read a new file: an index address may be private.
 */
export function environmentEdit(file: string, environment: LaterEnvironment, search: string): Edit {
  const lines = formatEnvironment(environment, file.endsWith('.sh') ? 'shell' : 'dotenv', search);
  return { path: file, editor: 'environment-lines', part: { lines }, mode: 0o600, wish: 'environment-file' };
}
