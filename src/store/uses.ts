import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasEnded, markProcess, parseMark } from '../process/mark.js';
import type { Lock } from '../values/lock.js';
import { isRefused, strangeAsNull } from '../values/system-error.js';
import { writeAtomic } from './atomic.js';
import { isShared } from './sharing.js';

/** Which wheels a key stands for, and when it was last asked for. */
export interface Use {
  readonly key: string;
  /** ms since the epoch. */
  readonly lastUsedMs: number;
  /** `<sha256>/<filename>`. */
  readonly wheels: ReadonlySet<string>;
}

/** Notes that a run uses the files of a lock (`uses/<key>.json`; its mtime is the time of the use). */
export async function noteUse(root: string, { key, files }: Pick<Lock, 'key' | 'files'>): Promise<void> {
  const wheels = files.map(({ sha256, filename }) => `${sha256}/${filename}`);
  const content = JSON.stringify({ layout: 1, wheels });
  await writeAtomic(join(root, 'uses', `${key}.json`), content, { flushed: false, shared: await isShared(root) });
}

/** Every key that was asked for, with its wheels. */
export async function readUses(root: string): Promise<readonly Use[]> {
  const names = (await readdir(join(root, 'uses')).catch(strangeAsNull)) ?? [];
  const read = async (name: string): Promise<Use | null> => {
    const path = join(root, 'uses', name);
    const [text, found] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    const wheels = wheelsOf(text);
    return wheels === null ? null : { key: name.slice(0, -'.json'.length), lastUsedMs: found.mtimeMs, wheels };
  };
  const uses = await Promise.all(
    names.filter((name) => name.endsWith('.json')).map((n) => read(n).catch(strangeAsNull)),
  );
  return uses.filter((use) => use !== null);
}

function wheelsOf(text: string): ReadonlySet<string> | null {
  try {
    const { wheels } = JSON.parse(text) as { wheels?: unknown };
    return Array.isArray(wheels) ? new Set(wheels.map(String)) : null;
  } catch {
    // Cut off by a power cut: its wheels count from when they arrived.
    return null;
  }
}

/**
 * Says that a run is at work in the store, until `untilMs` at most (ms since the epoch): what it uses from now on is not evicted. Gives the
 * path to remove at its end. Throws DiskFull and NotWritable, and leaves nothing then.
 */
export async function beginRun(root: string, untilMs: number): Promise<string> {
  const path = join(root, 'running', `${randomBytes(8).toString('hex')}.json`);
  const run = { ...(await markProcess(process.pid)), startedMs: Date.now(), untilMs };
  // Other users, too, have to see that somebody is at work.
  await writeAtomic(path, JSON.stringify(run), { flushed: false, shared: await isShared(root) });
  return path;
}

/**
 * When the oldest run that is still at work began (ms since the epoch), that of the process `except` left out; Infinity where none is.
 * Removes what dead runs left where this user may.
 */
export async function oldestRun(root: string, nowMs: number, except: number | null = null): Promise<number> {
  let oldest = Number.POSITIVE_INFINITY;
  const left = except === null ? null : await markProcess(except);
  for (const name of (await readdir(join(root, 'running')).catch(strangeAsNull)) ?? []) {
    const path = join(root, 'running', name);
    const run = await readFile(path, 'utf8').then(runOf, strangeAsNull);
    if (run !== null && run.untilMs > nowMs && !(await hasEnded(run.mark))) {
      if (run.mark.pid === left?.pid && run.mark.host === left.host) continue;
      oldest = Math.min(oldest, run.startedMs);
    } else if (run !== null) {
      await rm(path, { force: true }).catch((error: unknown) => {
        // Another user's: its owner's next run removes it.
        if (!isRefused(error)) throw error;
      });
    }
  }
  return oldest;
}

/** Null where it is being written this moment. */
function runOf(text: string) {
  const mark = parseMark(text);
  if (mark === null) return null;
  const { startedMs, untilMs } = JSON.parse(text) as Partial<Record<string, unknown>>;
  return { mark, startedMs: Number(startedMs), untilMs: Number(untilMs) };
}
