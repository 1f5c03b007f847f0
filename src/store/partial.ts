import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { lstat, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PartialFile } from '../values/store.js';
import { errorCode, goneAsNull } from '../values/system-error.js';
import { readKept, writeAtomic } from './atomic.js';
import { type HeldLock, takeLock } from './lock-file.js';
import { isForeign, makeFolder } from './sharing.js';

/**
 * Takes the place `folder` for an unfinished file: `data` (the bytes), `notes.jsonl` (what is known about them, a line an entry) and `lock` (who holds it).
 * Returns null while another living process holds it. What another user left is not gone on with: that user could still change it.
 */
export async function openPartial(folder: string, shared: boolean): Promise<PartialFile | null> {
  let held: HeldLock | null;
  try {
    await makeFolder(folder, shared);
    held = await takeLock(join(folder, 'lock'));
  } catch (error) {
    // Whoever held it has taken the folder away meanwhile: it was somebody's until now.
    if (errorCode(error) === 'ENOENT') {
      return null;
    }
    throw error;
  }
  if (held === null) {
    return null;
  }
  const lock = held;
  const path = join(folder, 'data');
  const notesPath = join(folder, 'notes.jsonl');
  let notes: readonly unknown[];
  try {
    notes = (await isOwn(path)) && (await isOwn(notesPath)) ? await readNotes(notesPath) : [];
    if (notes.length === 0) {
      await rm(path, { recursive: true, force: true });
      await writeFile(path, '', { flag: 'wx', mode: 0o644 });
    }
    // A file of its own: what lies there may be another user's, or end in half a line.
    await writeAtomic(notesPath, notes.map(line).join(''), { flushed: false });
  } catch (error) {
    // Left held, it would be another process's to whoever tries next.
    await lock.release();
    throw error;
  }
  return {
    path,
    notes,
    // Some bytes into the system's memory, as quick as asking for it to be done later.
    note: (entry) => {
      appendFileSync(notesPath, line(entry));
    },
    touch: lock.touch,
    release: lock.release,
    discard: async () => {
      if (await lock.isOurs()) {
        // Moved away before it is removed: whoever makes the folder anew meanwhile keeps what is in it.
        const away = `${folder}.${randomBytes(6).toString('hex')}`;
        await rename(folder, away);
        await rm(away, { recursive: true, force: true });
      }
    },
  };
}

const line = (entry: unknown): string => `${JSON.stringify(entry)}\n`;

/** A file that nobody else can change, no link to one. */
async function isOwn(path: string): Promise<boolean> {
  const found = await lstat(path).catch(goneAsNull);
  return found?.isFile() === true && !isForeign(found);
}

async function readNotes(path: string): Promise<unknown[]> {
  const kept = await readKept(path).catch((error: unknown) => {
    // Root's, with a strict umask.
    return errorCode(error) === 'EACCES' ? null : Promise.reject(error);
  });
  // Looked at again once it is open: another one may have been put in its place.
  const text = kept === null || kept.foreign ? '' : kept.value;
  return text.split('\n').flatMap((entry): unknown[] => {
    try {
      return entry === '' ? [] : [JSON.parse(entry)];
    } catch {
      // Half-written: what it told of is fetched again.
      return [];
    }
  });
}
