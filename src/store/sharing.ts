import { mkdirSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';

/** Name of this user's own part of a store. */
export function userName(): string {
  return String(process.getuid?.() ?? userInfo().username.replace(/[^\w.-]/g, '_'));
}

/** Whether a user other than this one and root could have written a file: its owner is another one, or its mode lets others write. */
export function isForeign({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean {
  const me = process.getuid?.();
  return me !== undefined && ((uid !== me && uid !== 0) || (mode & 0o022) !== 0);
}

/** Whether a store is shared by a group: its folder is set-gid and its group may write (`chmod 2775`). */
export async function isShared(root: string): Promise<boolean> {
  return ((await stat(root)).mode & 0o2020) === 0o2020;
}

/**
 * Makes a folder and those above it that are missing. In a shared store the group may write in each whatever the umask, from the moment that
 * it is there: who is killed meanwhile keeps nobody out. The group itself comes from the set-gid folder above.
 */
export async function makeFolder(folder: string, shared: boolean): Promise<void> {
  if (!shared) {
    await mkdir(folder, { recursive: true });
    return;
  }
  // The umask is the whole process's: it is another one for a single call, during which nothing else begins.
  const before = process.umask(0o002);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o775 });
  } finally {
    process.umask(before);
  }
}
