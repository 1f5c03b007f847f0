import { randomBytes } from 'node:crypto';
import { open, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inDiskTurn } from '../process/disk-turns.js';
import { DiskFull, type Kept, NotWritable } from '../values/store.js';
import { errorCode, isRefused } from '../values/system-error.js';
import { isForeign } from './sharing.js';

/**
 * Replaces a file in one step: readers see the old content or the new one. `flushed`: also after a power cut; without it the file may
 * then be empty. `shared`: other users can read it whatever the umask. Nobody else can write it. Throws DiskFull and NotWritable.
 */
export async function writeAtomic(
  path: string,
  content: string | Uint8Array,
  options: { readonly flushed?: boolean; readonly shared?: boolean } = {},
): Promise<void> {
  const temporary = join(dirname(path), `.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const handle = await open(temporary, 'wx', 0o644);
    try {
      if (options.shared === true) {
        await handle.chmod(0o644);
      }
      await handle.writeFile(content);
      if (options.flushed !== false) {
        await inDiskTurn('flush', () => handle.datasync());
      }
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw await explainWrite(error, dirname(path), Buffer.byteLength(content));
  }
}

/** A kept file's text with its age, or null where there is none. */
export async function readKept(path: string): Promise<Kept<string> | null> {
  try {
    const handle = await open(path, 'r');
    try {
      const found = await handle.stat();
      const value = await handle.readFile('utf8');
      return { value, ageMs: Math.max(0, Date.now() - found.mtimeMs), foreign: isForeign(found) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') {
      return null;
    }
    throw error;
  }
}

/** Bytes free for this user at `folder`. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** The size of a regular file in bytes, or null where there is none. */
export async function fileSize(path: string): Promise<number | null> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : null;
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') {
      return null;
    }
    throw error;
  }
}

/** Turns "no space left" (ENOSPC, EDQUOT) and "not yours" (EACCES, EPERM, EROFS) into their Failures; any other error comes back as it is. */
export async function explainWrite(error: unknown, folder: string, needed: number): Promise<unknown> {
  if (['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '')) {
    return new DiskFull(folder, needed, await freeBytes(folder), { cause: error });
  }
  return isRefused(error) ? new NotWritable(folder, error) : error;
}
