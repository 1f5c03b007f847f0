import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from '../values/system-error.js';

/** One machine of a netrc file. */
export interface NetrcEntry {
  readonly machine: string;
  readonly login: string;
  readonly password: string;
}

/**
 * Reads netrc (POSIX ftp; quotes and escapes as Python's `netrc`, which pip goes by): tokens parted by blanks, whole lines of comments, macros
 * up to an empty line. `default`, which would send a password to every host, and entries without both words are left out.
 */
export function parseNetrc(text: string): NetrcEntry[] {
  let macro = false;
  const lines = text.split(/\r?\n/).filter((line) => {
    macro = /^\s*macdef\b/.test(line) || (macro && line.trim() !== '');
    return !macro && !line.trimStart().startsWith('#');
  });
  const tokens = [...lines.join('\n').matchAll(/"((?:[^"\\]|\\.)*)"|((?:\\.|[^\s"\\])+)/g)].map(([, quoted, word]) =>
    (quoted ?? word ?? '').replace(/\\(.)/g, '$1'),
  );
  const entries: { machine: string; login: string; password: string }[] = [];
  let current: { machine: string; login: string; password: string } | null = null;
  for (let at = 0; at < tokens.length; at += 1) {
    const word = tokens[at];
    const value = tokens[at + 1] ?? '';
    if (word === 'machine') {
      current = { machine: value, login: '', password: '' };
      entries.push(current);
      at += 1;
    } else if (word === 'default') current = null;
    else if (word === 'login' || word === 'user' || word === 'password' || word === 'account') {
      if (current !== null && word !== 'account') current[word === 'password' ? 'password' : 'login'] = value;
      at += 1;
    }
  }
  return entries.filter(({ machine, login, password }) => machine !== '' && login !== '' && password !== '');
}

/** The user's netrc file where pip looks for it: `NETRC`, else `.netrc` (`_netrc` too) at home. Empty where there is none or it can't be read. */
export async function readNetrc(environment: NodeJS.ProcessEnv, home: string): Promise<NetrcEntry[]> {
  const named = environment['NETRC'];
  const files = named ? [named] : [path.join(home, '.netrc'), path.join(home, '_netrc')];
  for (const file of files) {
    try {
      return parseNetrc(await readFile(file, 'utf8'));
    } catch (error) {
      // Like pip, which passes over one that it may not read.
      if (!['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR'].includes(errorCode(error) ?? '')) throw error;
    }
  }
  return [];
}
