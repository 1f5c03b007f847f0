import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runAlone } from '../process/alone.js';
import { hasEnded, markProcess, parseMark } from '../process/mark.js';
import { errorCode, goneAsNull } from '../values/system-error.js';

/** A holder that has given no sign for this long (ms) is taken for dead. */
const SILENT_MS = 20_000;

/** A lock file that this process holds. It ends with the process; `touch` says that a process lives which others can't ask for. */
export interface HeldLock {
  /** False once another process has taken it over, as that of a silent one. */
  isOurs(): Promise<boolean>;
  touch(): Promise<void>;
  /** Gives it up, unless it is another's by now. */
  release(): Promise<void>;
}

/** Takes the lock file `lock`; null while another living process holds it. Throws ENOENT where its folder is gone. */
export async function takeLock(lock: string): Promise<HeldLock | null> {
  const token = JSON.stringify({ ...(await markProcess(process.pid)), id: randomBytes(8).toString('hex') });
  if (!(await claim(lock, token))) {
    return null;
  }
  const isOurs = async (): Promise<boolean> => (await readText(lock)) === token;
  return {
    isOurs,
    touch: async () => {
      const now = new Date();
      if (await isOurs()) {
        await utimes(lock, now, now).catch(goneAsNull);
      }
    },
    release: async () => {
      if (await isOurs()) {
        await rm(lock, { force: true });
      }
    },
  };
}

/**
 * Gives what `ready` finds (undefined: nothing yet), else makes it by `make` while it holds the lock file, so that of many processes one
 * does the work. The lock's folder is made where it is missing. Throws the signal's reason.
 */
export async function makeOnce<T>(
  lock: string,
  signal: AbortSignal,
  ready: () => Promise<T | undefined>,
  make: () => Promise<T>,
): Promise<T> {
  for (;;) {
    const before = await ready();
    if (before !== undefined) return before;
    await mkdir(dirname(lock), { recursive: true });
    const held = await takeLock(lock);
    if (held === null) {
      await sleep(100, undefined, { signal }).catch(() => signal.throwIfAborted());
      continue;
    }
    // Whoever takes the lock over from a sleeping process does the work once more, and both results are right.
    // A sign of life that can't be given (a network's disk that is away) costs the lock at most.
    const sign = setInterval(() => void held.touch().catch(() => undefined), SILENT_MS / 4);
    try {
      return (await ready()) ?? (await make());
    } finally {
      clearInterval(sign);
      await held.release();
    }
  }
}

async function claim(lock: string, token: string): Promise<boolean> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      await writeNew(lock, token);
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
    const taken = await runAlone(`${lock}.takeover`, 0, () => follow(lock, text, token));
    return taken?.value ?? false;
  }
  return false;
}

/** Puts our lock in the place of a dead one's, in one step: the file is never missing, so nobody comes between. To be run alone. */
async function follow(lock: string, dead: string, token: string): Promise<boolean> {
  if ((await readText(lock)) !== dead || (await isHeld(lock, dead))) {
    return false;
  }
  const ours = `${lock}.${randomBytes(6).toString('hex')}`;
  await writeNew(ours, token);
  await rename(ours, lock);
  return true;
}

/** A full disk makes the file and then has no room for its text: an empty lock would be another one's to all who look. */
async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx' });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') {
      await rm(path, { force: true });
    }
    throw error;
  }
}

async function isHeld(lock: string, text: string): Promise<boolean> {
  const holder = parseMark(text);
  if (holder !== null && (await hasEnded(holder))) {
    return false;
  }
  const found = await stat(lock).catch(goneAsNull);
  // Gone since it was read: its holder lived.
  return found === null || Date.now() - found.mtimeMs < SILENT_MS;
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
