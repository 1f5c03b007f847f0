import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../values/failure.js';
import { errorCode } from '../values/system-error.js';
import { isRunning, markProcess, type ProcessMark } from './journal-process.js';

/** Milliseconds after which a holder that can't be seen from here (another container, an unreadable lock) is taken for dead; it is held for some milliseconds. */
const SILENT_MS = 30_000;
/** Milliseconds for which one waits for the others. */
const PATIENCE_MS = 60_000;
const RELEASED = 'released';

async function generations(folder: string): Promise<number[]> {
  const numbers = (await readdir(folder)).map((name) => /^lock\.(\d{1,15})$/.exec(name)?.[1]);
  return numbers
    .filter((number) => number !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

function readHolder(text: string): ProcessMark | null {
  try {
    return JSON.parse(text) as ProcessMark;
  } catch (error) {
    // A damaged disk, or a hand at work: its age decides.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

async function isHeld(lock: string): Promise<boolean> {
  try {
    const text = await readFile(lock, 'utf8');
    if (text === RELEASED) return false;
    const holder = readHolder(text);
    const running = holder === null ? null : await isRunning(holder);
    return running ?? Date.now() - (await stat(lock)).mtimeMs < SILENT_MS;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Takes the lock: files `lock.N`, of which the highest one counts. Whoever finds it free or its holder dead makes `lock.N+1`, which only
 * one can; it is never removed but by a higher one, so nobody can take over what has been taken over already. `card`: a file that names
 * this process, so that a lock is never seen without its holder. Null: somebody else has it.
 */
async function tryLock(folder: string, card: string): Promise<string | null> {
  const known = await generations(folder);
  const highest = known.at(-1) ?? 0;
  if (highest > 0 && (await isHeld(path.join(folder, `lock.${highest}`)))) return null;
  const lock = path.join(folder, `lock.${highest + 1}`);
  try {
    await link(card, lock);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return null;
    throw error;
  }
  // One who was slow between looking and making may have made an old number again.
  if ((await generations(folder)).at(-1) !== highest + 1) {
    await unlink(lock);
    return null;
  }
  for (const number of known) await rm(path.join(folder, `lock.${number}`), { force: true });
  return lock;
}

async function waitForLock(folder: string, card: string): Promise<string> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const lock = await tryLock(folder, card);
    if (lock !== null) return lock;
    if (Date.now() > until) {
      const what = `Another run has held the journal for ${PATIENCE_MS / 1000} seconds.`;
      throw new Failure(1, [{ where: folder, what, remedy: 'Wait for it to end, or end it, then run this again.' }]);
    }
    await sleep(5 + Math.random() * 20);
  }
}

/** Cards of processes that were killed. */
async function removeDeadCards(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const card = path.join(folder, name);
    if (name.startsWith('card.') && !(await isHeld(card))) await rm(card, { force: true });
  }
}

/** Runs `work` while no other process does with this folder, which is made. Throws Failure(1) where others hold it for a minute. */
export async function withLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const card = path.join(folder, `card.${randomUUID()}`);
  await writeFile(card, JSON.stringify(await markProcess(process.pid)), { mode: 0o600 });
  try {
    const lock = await waitForLock(folder, card);
    try {
      await removeDeadCards(folder);
      return await work();
    } finally {
      const released = `${card}.released`;
      await writeFile(released, RELEASED, { mode: 0o600 });
      await rename(released, lock);
    }
  } finally {
    await rm(card, { force: true });
  }
}
