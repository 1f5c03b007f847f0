import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../values/system-error.js';
import { hasEnded, isRunning, markProcess, parseMark } from './mark.js';

/** Milliseconds after which a holder that can't be seen from here (another container, an unreadable lock) is taken for dead; it is held for some milliseconds. */
const SILENT_MS = 30_000;
const RELEASED = 'released';

async function generations(lock: string): Promise<number[]> {
  const start = `${basename(lock)}.`;
  return (await readdir(dirname(lock)))
    .filter((name) => name.startsWith(start) && /^\d{1,15}$/.test(name.slice(start.length)))
    .map((name) => Number(name.slice(start.length)))
    .sort((a, b) => a - b);
}

async function isHeld(generation: string): Promise<boolean> {
  try {
    const text = await readFile(generation, 'utf8').catch(closedAsEmpty);
    if (text === RELEASED) return false;
    // Being written this moment, damaged, or another user's with a strict umask: its age decides.
    const holder = parseMark(text);
    if (holder !== null && (await hasEnded(holder))) return false;
    const runs = holder !== null && (await isRunning(holder)) === true;
    return runs || Date.now() - (await stat(generation)).mtimeMs < SILENT_MS;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

function closedAsEmpty(error: unknown): string {
  if (errorCode(error) === 'EACCES') return '';
  throw error;
}

/**
 * Takes the lock: files `<lock>.N`, of which the highest one counts. Whoever finds it free or its holder dead makes `N+1`, which only one
 * can; it is never removed but by a higher one, so nobody can take over what has been taken over already. Null: somebody else has it.
 */
async function tryLock(lock: string, mark: string): Promise<string | null> {
  const known = await generations(lock);
  const highest = known.at(-1) ?? 0;
  if (highest > 0 && (await isHeld(`${lock}.${highest}`))) return null;
  const ours = `${lock}.${highest + 1}`;
  try {
    await writeFile(ours, mark, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return null;
    // A full disk makes the file and then has no room for its text.
    await rm(ours, { force: true });
    throw error;
  }
  // One who was slow between looking and making may have made an old number again.
  if ((await generations(lock)).at(-1) !== highest + 1) {
    await rm(ours, { force: true });
    return null;
  }
  for (const number of known) await rm(`${lock}.${number}`, { force: true });
  return ours;
}

/**
 * Runs `work`, which takes some milliseconds, while no other process does under the same `lock`, a path in a folder that exists; a small file
 * stays there. Null where others have held it for `patienceMs`. Sound whoever is killed when: of many that find a dead holder one follows it.
 */
export async function runAlone<T>(
  lock: string,
  patienceMs: number,
  work: () => Promise<T>,
): Promise<{ readonly value: T } | null> {
  const mark = JSON.stringify(await markProcess(process.pid));
  const until = Date.now() + patienceMs;
  for (;;) {
    const ours = await tryLock(lock, mark);
    if (ours !== null) {
      try {
        return { value: await work() };
      } finally {
        await writeFile(ours, RELEASED);
      }
    }
    if (Date.now() >= until) return null;
    await sleep(5 + Math.random() * 20);
  }
}
