import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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

/**
 * Where a process id means one process: containers may have the host's name and their own ids (pid_namespaces(7)), and machines that share
 * a folder may have one name; each start of a kernel has an id of its own (random(4)).
 */
export function processSpace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    // No Linux: one space for the whole host.
    return hostname();
  }
}

/** Takes the lock file `lock`; null while another living process holds it. Throws ENOENT where its folder is gone. */
export async function takeLock(lock: string): Promise<HeldLock | null> {
  const token = `${process.pid} ${processSpace()} ${randomBytes(8).toString('hex')}`;
  if (!(await claim(lock, token))) {
    return null;
  }
  const isOurs = async (): Promise<boolean> => (await readText(lock)) === token;
  return {
    isOurs,
    touch: async () => {
      const now = new Date();
      await utimes(lock, now, now);
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
    // Whoever takes the lock over from a sleeping process does the work once more, and both results are right: a sign that fails fails nothing.
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
    } catch (error) {
      if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'EEXIST') {
        throw error;
      }
    } finally {
      await rm(dead, { force: true });
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
