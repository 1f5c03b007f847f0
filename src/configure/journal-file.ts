import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir, open, readFile, realpath, rename, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from '../values/system-error.js';

/** A regular file, as it is to come back. */
export interface FileState {
  readonly content: Buffer;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

const windows = process.platform === 'win32';

/** Tells states apart; who owns the file is left out, since a folder may decide that. Windows knows no mode. */
export function stateMark(state: FileState | null): string {
  if (state === null) return 'absent';
  const digest = createHash('sha256').update(state.content).digest('hex');
  return windows ? digest : `${digest} ${state.mode.toString(8)}`;
}

/** The state of a file, null where nothing is. Throws Error for anything but a regular file: it is not ours to replace. */
export async function readState(file: string): Promise<FileState | null> {
  try {
    const found = await lstat(file);
    if (!found.isFile()) throw new Error('it is no regular file');
    return { content: await readFile(file), mode: found.mode & 0o7777, uid: found.uid, gid: found.gid };
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

function isWithin(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return !path.isAbsolute(relative) && relative.split(path.sep)[0] !== '..';
}

/** The folder, or the nearest one above it that is there, with what is missing below it, outermost first. */
async function existing(folder: string): Promise<{ readonly real: string; readonly missing: readonly string[] }> {
  try {
    return { real: await realpath(folder), missing: [] };
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' || path.dirname(folder) === folder) throw error;
    const above = await existing(path.dirname(folder));
    return { real: above.real, missing: [...above.missing, path.basename(folder)] };
  }
}

/**
 * Where a path really leads, so that one file has one ledger, and the folders on the way that are not there yet. A link below one of the
 * `places` (home, working folder, /etc) is followed as long as it stays in that place: many keep their settings in a repository of their own.
 * One that leads out of it may have been laid by others; it is refused, as is a link instead of the file anywhere else. Throws Error then.
 */
export async function realTarget(
  file: string,
  places: readonly string[],
): Promise<{ readonly path: string; readonly missing: readonly string[] }> {
  const { real, missing } = await existing(path.dirname(file));
  const folders = missing.map((_, at) => path.join(real, ...missing.slice(0, at + 1)));
  const straight = path.join(real, ...missing, path.basename(file));
  const place = places.find((candidate) => isWithin(file, candidate));
  const isLink = missing.length === 0 && (await lstat(straight).catch(nothing))?.isSymbolicLink() === true;
  if (isLink && place === undefined) throw new Error('it is a link');
  const end = isLink ? await realpath(straight) : straight;
  if (place !== undefined && !isWithin(end, await realpath(place)))
    throw new Error(`a link on the way leads out of ${place}, to ${end}`);
  return { path: end, missing: folders };
}

function nothing(error: unknown): null {
  if (errorCode(error) === 'ENOENT') return null;
  throw error;
}

/** A rename is safe on disk once its folder is; Windows can't open folders, and needs not. */
export async function syncFolder(folder: string): Promise<void> {
  if (windows) return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Replaces a file in one step: whoever reads it sees the old state or the new, also after a power cut. `staging`: a new name in the same
 * folder, which is gone afterwards unless the process is killed. `owner`: whose the file stays; null: this user's.
 */
export async function replaceFile(
  file: string,
  staging: string,
  content: Uint8Array,
  mode: number,
  owner: { readonly uid: number; readonly gid: number } | null,
): Promise<void> {
  const handle = await open(staging, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (owner !== null && !windows) {
    const now = await stat(staging);
    if (now.uid !== owner.uid || now.gid !== owner.gid) await chown(staging, owner.uid, owner.gid);
  }
  // After `chown`, which drops some bits; the mode given to `open` is cut by the umask.
  await chmod(staging, mode);
  await rename(staging, file);
  await syncFolder(path.dirname(file));
}

/** Makes folders, outermost first; one that is there by now is fine. */
export async function makeFolders(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    await mkdir(folder).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error;
    });
  }
}

/** Removes folders that we made, innermost first, as long as nobody keeps anything in them. */
export async function removeFolders(folders: readonly string[]): Promise<void> {
  for (const folder of folders.toReversed()) {
    try {
      await rmdir(folder);
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST', 'ENOENT', 'EBUSY'].includes(errorCode(error) ?? '')) throw error;
    }
  }
}
