import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Row } from './rows.js';
import type { Supplies } from './supplies.js';

/** How a trial ended. */
export type Verdict = 'survived' | 'failed plainly' | 'failed misleadingly' | 'hung' | 'wrong bytes';

/** What a client left. */
export interface Ended {
  /** Null: it was ended at the limit of time. */
  readonly exitCode: number | null;
  /** Both of its outputs, as they came. */
  readonly said: string;
}

/** Claims that something does not exist. */
const denial =
  /no matching distribution|from versions: none|not found in the package registry|there (?:is|are) no versions? of|has no version/i;

/** The part of the output that stands as the error: from the first line that calls itself one; without such a line, the last twelve. */
export function errorOf(said: string): string {
  const lines = said.trim().split('\n');
  const first = lines.findIndex((line) => /^\s*(?:ERROR|error|Error|×|::error)/.test(line));
  return lines.slice(first < 0 ? -12 : first).join('\n');
}

/**
 * The rules. Survived: exit code 0 with the very files of the wheels in place. Hung: not ended within the limit. A failure is plain when
 * its error tells the reason, and misleading when it does not, or says without the reason that a package does not exist.
 */
export function judge(row: Row, ended: Ended, rightBytes: boolean): Verdict {
  if (ended.exitCode === null) return 'hung';
  if (ended.exitCode === 0) return rightBytes ? 'survived' : 'wrong bytes';
  const error = errorOf(ended.said);
  // The name of a status or fault also stands in addresses and versions: those are no words of the client.
  const words = error.replace(/https?:\/\/\S+/g, '').replace(/[\w.]+-\d[\w.+-]*\.whl/g, '');
  if (row.hopeless !== true && denial.test(error) && !row.reason.test(words.replace(denial, '')))
    return 'failed misleadingly';
  return row.reason.test(words) ? 'failed plainly' : 'failed misleadingly';
}

async function hashOf(file: string, encoding: 'hex' | 'base64url'): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest(encoding);
}

/** Whether every file that the wheels record lies in the environment with its own bytes. */
export async function isInstalled(venv: string, supplies: Supplies): Promise<boolean> {
  const libraries = path.join(venv, 'lib');
  const [python] = existsSync(libraries) ? await readdir(libraries) : [];
  if (python === undefined) return false;
  const site = path.join(libraries, python, 'site-packages');
  for (const [name, expected] of supplies.installed) {
    const file = path.join(site, name);
    if (!existsSync(file) || (await hashOf(file, 'base64url')) !== expected) return false;
  }
  return true;
}

/** Files of the store whose bytes are not those of a wheel of the supplies under the hash that the store gives them. */
export async function wrongInStore(cache: string, supplies: Supplies): Promise<string[]> {
  const wheels = path.join(cache, 'wheels');
  if (!existsSync(wheels)) return [];
  const names = await readdir(wheels, { recursive: true, withFileTypes: true });
  const wrong: string[] = [];
  for (const entry of names.filter((one) => one.isFile())) {
    const file = path.join(entry.parentPath, entry.name);
    const actual = await hashOf(file, 'hex');
    if (path.basename(entry.parentPath) !== actual || supplies.hashes.get(entry.name) !== actual) wrong.push(file);
  }
  return wrong;
}
