import { createHash, randomUUID } from 'node:crypto';
import { chmod, lstat, open, readFile, rename, rm, unlink } from 'node:fs/promises';
import path from 'node:path';

/** One change of one file, written down before it is made. */
export interface FileChange {
  /** Absolute path. */
  readonly path: string;
  /** What was there; null: nothing. The content is base64, for a file may hold any bytes. */
  readonly before: { readonly content: string; readonly mode: number } | null;
  /** SHA-256 of what was written: a file that has another one by now was changed by somebody else. */
  readonly after: string;
}

/** Lower-case hex. */
export function digest(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** The content of a regular file with its mode, or null where nothing is; a link or a folder is not ours to replace. Throws Error then. */
export async function readRegular(file: string): Promise<{ content: Buffer; mode: number } | null> {
  const found = await lstat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (found === null) return null;
  if (!found.isFile()) throw new Error(`${file} is no regular file`);
  return { content: await readFile(file), mode: found.mode & 0o7777 };
}

/** A rename is safe on disk once its folder is; Windows can't open folders, and needs not. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces a file in one step: whoever reads it sees the old content or the new, also after a power cut. */
export async function replaceFile(file: string, content: Uint8Array, mode: number): Promise<void> {
  const staging = path.join(path.dirname(file), `.${path.basename(file)}.${randomUUID()}.tmp`);
  try {
    const handle = await open(staging, 'wx', mode);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // The mode of `open` is cut by the umask; a restored file has its own again.
    await chmod(staging, mode);
    await rename(staging, file);
    await syncFolder(path.dirname(file));
  } catch (error) {
    await rm(staging, { force: true });
    throw error;
  }
}

/** Takes a change back; gives why it was left, or null where it is undone. */
export async function undoChange(change: FileChange): Promise<string | null> {
  const now = await readRegular(change.path);
  const before = change.before === null ? null : Buffer.from(change.before.content, 'base64');
  if (now === null ? before === null : before?.equals(now.content)) return null;
  if (now === null) return 'it was deleted since';
  if (digest(now.content) !== change.after) return 'it was changed since';
  if (change.before === null || before === null) await unlink(change.path);
  else await replaceFile(change.path, before, change.before.mode);
  return null;
}
