import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasEnded, markProcess, type ProcessMark, parseMark } from '../process/mark.js';
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

/** A run that is at work in the store. */
export interface RunAtWork {
  /** Its mark. */
  readonly path: string;
  /** When it began, by the clock that also dates the store's files (ms since the epoch). */
  readonly startedMs: number;
  /** What it uses, `<sha256>/<filename>`; empty until it knows. */
  readonly wheels: ReadonlySet<string>;
}

/** The mark of this process's own run. */
export interface RunMark {
  readonly path: string;
  /** Says which wheels the run uses, whatever another run of the same key will use. Throws DiskFull and NotWritable. */
  uses(lock: Pick<Lock, 'key' | 'files'>): Promise<void>;
  /** Takes it away: the run is at its end. */
  remove(): Promise<void>;
}

/** Notes that a run uses the files of a lock (`uses/<key>.json`; its mtime is the time of the use). */
export async function noteUse(root: string, lock: Pick<Lock, 'key' | 'files'>): Promise<void> {
  const content = JSON.stringify({ layout: 1, wheels: wheelsIn(lock) });
  await writeAtomic(join(root, 'uses', `${lock.key}.json`), content, { flushed: false, shared: await isShared(root) });
}

function wheelsIn({ files }: Pick<Lock, 'files'>): readonly string[] {
  return files.map(({ sha256, filename }) => `${sha256}/${filename}`);
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
 * Says that a run is at work in the store, until `untilMs` at most (ms since the epoch): what it uses from now on is not evicted. Throws
 * DiskFull and NotWritable, and leaves nothing then.
 */
export async function beginRun(root: string, untilMs: number): Promise<RunMark> {
  const path = join(root, 'running', `${randomBytes(8).toString('hex')}.json`);
  const run = { ...(await markProcess(process.pid)), untilMs };
  // Other users, too, have to see that somebody is at work.
  const options = { flushed: false, shared: await isShared(root) };
  await writeAtomic(path, JSON.stringify(run), options);
  const { mtimeMs: startedMs } = await stat(path);
  return {
    path,
    uses: async (lock) => {
      await writeAtomic(path, JSON.stringify({ ...run, startedMs, wheels: wheelsIn(lock) }), options);
      await noteUse(root, lock);
    },
    remove: () => rm(path, { force: true }),
  };
}

/** The runs that are at work, those of the process `except` left out. Removes what dead runs left where this user may. */
export async function runsAtWork(
  root: string,
  nowMs: number,
  except: number | null = null,
): Promise<readonly RunAtWork[]> {
  const runs: RunAtWork[] = [];
  const left = except === null ? null : await markProcess(except);
  const names = (await readdir(join(root, 'running')).catch(strangeAsNull)) ?? [];
  for (const name of names.filter((one) => one.endsWith('.json'))) {
    const run = await readRun(join(root, 'running', name)).catch(strangeAsNull);
    if (run === null) continue;
    const { mark, untilMs, path, startedMs, wheels } = run;
    if (untilMs > nowMs && !(await hasEnded(mark))) {
      if (mark.pid !== left?.pid || mark.host !== left.host) runs.push({ path, startedMs, wheels });
    } else {
      await rm(path, { force: true }).catch((error: unknown) => {
        // Another user's: its owner's next run removes it.
        if (!isRefused(error)) throw error;
      });
    }
  }
  return runs;
}

/** When the oldest of these runs began (ms since the epoch); Infinity where there is none. */
export function oldestOf(runs: readonly RunAtWork[]): number {
  return Math.min(Number.POSITIVE_INFINITY, ...runs.map(({ startedMs }) => startedMs));
}

/** Null where it is none. */
async function readRun(path: string): Promise<(RunAtWork & { mark: ProcessMark; untilMs: number }) | null> {
  const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
  const mark = parseMark(text);
  if (mark === null) return null;
  const { startedMs, untilMs } = JSON.parse(text) as Partial<Record<string, unknown>>;
  return {
    path,
    mark,
    // Until the mark is written anew, with the wheels, its own date is that of the beginning.
    startedMs: typeof startedMs === 'number' ? startedMs : mtimeMs,
    untilMs: Number(untilMs),
    wheels: wheelsOf(text) ?? new Set(),
  };
}
