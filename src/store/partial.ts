import { randomBytes } from 'node:crypto';
import { appendFileSync, readlinkSync } from 'node:fs';
import { link, lstat, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { PartialFile } from '../values/store.js';
import { errorCode, goneAsNull } from '../values/system-error.js';
import { readKept, writeAtomic } from './atomic.js';
import { isForeign, makeFolder } from './sharing.js';

/** A holder that has given no sign for this long (ms) is taken for dead. */
const SILENT_MS = 20_000;

/**
 * Takes the place `folder` for an unfinished file: `data` (the bytes), `notes.jsonl` (what is known about them, a line an entry) and `lock` (who holds it).
 * Returns null while another living process holds it. What another user left is not gone on with: that user could still change it.
 */
export async function openPartial(folder: string, shared: boolean): Promise<PartialFile | null> {
  const lock = join(folder, 'lock');
  const token = `${process.pid} ${processSpace()} ${randomBytes(8).toString('hex')}`;
  try {
    await makeFolder(folder, shared);
    if (!(await takeLock(lock, token))) {
      return null;
    }
  } catch (error) {
    // Whoever held it has taken the folder away meanwhile: it was somebody's until now.
    if (errorCode(error) === 'ENOENT') {
      return null;
    }
    throw error;
  }
  const path = join(folder, 'data');
  const notesPath = join(folder, 'notes.jsonl');
  const notes = (await isOwn(path)) && (await isOwn(notesPath)) ? await readNotes(notesPath) : [];
  if (notes.length === 0) {
    await rm(path, { recursive: true, force: true });
    await writeFile(path, '', { flag: 'wx', mode: 0o644 });
  }
  // A file of its own: what lies there may be another user's, or end in half a line.
  await writeAtomic(notesPath, notes.map(line).join(''), { flushed: false });
  const ours = async (): Promise<boolean> => (await readText(lock)) === token;
  return {
    path,
    notes,
    // Some bytes into the system's memory, as quick as asking for it to be done later.
    note: (entry) => {
      appendFileSync(notesPath, line(entry));
    },
    touch: async () => {
      const now = new Date();
      await utimes(lock, now, now);
    },
    release: async () => {
      if (await ours()) {
        await rm(lock, { force: true });
      }
    },
    discard: async () => {
      if (await ours()) {
        // Moved away before it is removed: whoever makes the folder anew meanwhile keeps what is in it.
        const away = `${folder}.${randomBytes(6).toString('hex')}`;
        await rename(folder, away);
        await rm(away, { recursive: true, force: true });
      }
    },
  };
}

/** Where a process id means one process: containers may have the host's name and their own ids (pid_namespaces(7)). */
export function processSpace(): string {
  try {
    return `${hostname()}/${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    // No Linux: one space for the whole host.
    return hostname();
  }
}

async function takeLock(lock: string, token: string): Promise<boolean> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      await writeFile(lock, token, { flag: 'wx' });
      return true;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') {
        throw error;
      }
    }
    const text = await readText(lock);
    // Given up just now: the next attempt takes it.
    if (text === null) {
      continue;
    }
    if (await isHeld(lock, text)) {
      return false;
    }
    // Moved away before it is removed: of two processes that find a dead holder only one can move its lock.
    const dead = `${lock}.${randomBytes(6).toString('hex')}`;
    try {
      await rename(lock, dead);
      if ((await readText(dead)) !== text) {
        // The other one was quicker, and this is its own.
        await link(dead, lock);
      }
      await rm(dead, { force: true });
    } catch (error) {
      if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'EEXIST') {
        throw error;
      }
    }
  }
  return false;
}

async function isHeld(lock: string, text: string): Promise<boolean> {
  const [pid, space] = text.split(' ');
  if (space === processSpace() && !isAlive(Number(pid))) {
    return false;
  }
  const found = await stat(lock).catch(goneAsNull);
  // Gone since it was read: its holder lived.
  return found === null || Date.now() - found.mtimeMs < SILENT_MS;
}

/** Whether a process of this space lives. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, as another user's.
    return errorCode(error) === 'EPERM';
  }
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'EACCES') {
      // Another user's with a strict umask: its age alone tells whether it is held.
      return '';
    }
    return goneAsNull(error);
  }
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
