import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's folder. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Copies what a clone of the present state would hold, without .git: tracked files and new ones that git does not ignore.
 * @returns {string} the copy's folder, which the caller removes
 */
export function copyTree() {
  const copy = mkdtempSync(join(tmpdir(), 'paddle-mirror-setup-'));
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  for (const name of listed.split('\0')) {
    // A tracked file that was removed and not yet committed is still listed.
    if (name !== '' && existsSync(join(root, name))) cpSync(join(root, name), join(copy, name));
  }
  return copy;
}
