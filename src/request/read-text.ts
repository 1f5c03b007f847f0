import { isUtf8 } from 'node:buffer';
import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, relative, sep } from 'node:path';
import type { Problem } from '../values/failure.js';

/** Text of UTF-8, or of UTF-16 with a byte order mark as PowerShell writes it; null for anything else. */
function decode(bytes: Uint8Array): string | null {
  const mark = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);
  if (mark === 0xfffe || mark === 0xfeff) {
    return new TextDecoder(mark === 0xfffe ? 'utf-16le' : 'utf-16be').decode(bytes);
  }
  return isUtf8(bytes) ? new TextDecoder().decode(bytes) : null;
}

function unreadable(error: NodeJS.ErrnoException): string {
  return error.code === 'ENOENT' ? 'does not exist' : `can't be read (${error.code})`;
}

/** The text of a file, or the reason why there is none. `shown` is the name for the user, `where` who named it. */
export async function readText(path: string, shown: string, where: string): Promise<string | Problem> {
  const name = JSON.stringify(shown);
  const remedy =
    'Name a requirements file; relative paths begin in the folder where the command runs, nested ones in that of their file.';
  const refusal = await stat(path).then(
    (found) => (found.isFile() ? null : `${name} is ${found.isDirectory() ? 'a folder' : 'no regular file'}.`),
    (error: NodeJS.ErrnoException) => `The file ${name} ${unreadable(error)}.`,
  );
  if (refusal !== null) {
    return { where, what: refusal, remedy };
  }
  const read = await readFile(path).then(
    (bytes) => ({ bytes, fault: '' }),
    (error: NodeJS.ErrnoException) => ({ bytes: null, fault: unreadable(error) }),
  );
  if (read.bytes === null) {
    return { where, what: `The file ${name} ${read.fault}.`, remedy: 'Let this user read it.' };
  }
  return decode(read.bytes) ?? { where, what: `The file ${name} is not UTF-8.`, remedy: 'Save it as UTF-8.' };
}

/** A path as messages show it: relative inside `cwd`, with slashes; absolute elsewhere, and for `cwd` itself. */
export function shownPath(path: string, cwd: string): string {
  const inside = relative(cwd, path);
  return inside === '' || inside.startsWith('..') || isAbsolute(inside) ? path : inside.split(sep).join('/');
}
