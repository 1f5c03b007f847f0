import { createHash } from 'node:crypto';
import { chmod, copyFile, link, lstat, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Lock } from '../values/lock.js';
import type { Log } from '../values/log.js';
import { type Store, WrongBytes } from '../values/store.js';

/** Milliseconds for each call of the cache service. */
interface Limits {
  readonly lookUp: number;
  readonly restore: number;
  readonly save: number;
}

// @actions/cache has no limit of its own that helps: a service that accepts and never answers was seen to hold a job for 15 minutes.
const defaultLimits: Limits = { lookUp: 20_000, restore: 180_000, save: 300_000 };

/** What is to be saved at the end of the job: the lock's files and the lock itself. Plain JSON, since post reads it from the state. */
export interface GithubSave {
  readonly entry: string;
  readonly key: string;
  readonly files: readonly { readonly sha256: string; readonly filename: string }[];
}

/** The part of @actions/cache that is used; a parameter, so that the package is loaded only where GitHub's cache is wanted. */
export interface CacheClient {
  isFeatureAvailable(): boolean;
  restoreCache(
    paths: string[],
    primaryKey: string,
    restoreKeys?: string[],
    options?: { lookupOnly?: boolean },
  ): Promise<string | undefined>;
  saveCache(paths: string[], key: string): Promise<number>;
}

/** One folder whose path is part of an entry's identity, so it is the same in every job of a machine. */
function stagingFolder(store: Store): string {
  return path.join(store.folders.staging, 'github');
}

async function limited<T>(promise: Promise<T>, ms: number, signal: AbortSignal): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  let stop: (() => void) | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), ms);
    stop = () => resolve('late');
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
  // The call can't be stopped; its late failure must not end the process.
  promise.catch(() => 'late');
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
    if (stop !== undefined) signal.removeEventListener('abort', stop);
  }
}

function late(what: string, ms: number, signal: AbortSignal): string {
  return signal.aborted ? `${what} before the run was stopped.` : `${what} within ${ms / 1000} s.`;
}

/** Name of the entry for one lock: the key, then a digest of which files it names; entries can't be changed once saved. */
export function entryName(lock: Pick<Lock, 'key' | 'files'>): string {
  const files = lock.files.map((file) => file.sha256).sort();
  return `${lock.key}-${createHash('sha256').update(files.join()).digest('hex').slice(0, 12)}`;
}

async function children(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  return names.map((name) => path.join(folder, name));
}

/** Moves what arrived into the store, each file hashed first; a wrong one costs its download, nothing more. */
async function takeIn(staging: string, key: string, store: Store, log: Log): Promise<number> {
  let taken = 0;
  for (const folder of await children(path.join(staging, 'wheels'))) {
    for (const file of await children(folder)) {
      const named = { sha256: path.basename(folder), filename: path.basename(file) };
      try {
        // A link would have the store hold, and change, whatever it points to.
        if (!(await lstat(file)).isFile()) throw new WrongBytes(named.filename, named.sha256, null);
        // Archived read-only, as the store keeps it; an ordinary user could not flush it to the disk.
        await chmod(file, 0o644);
        await store.admit(file, named, 'unchecked');
        taken += 1;
      } catch (error) {
        if (!(error instanceof WrongBytes)) throw error;
        log.warn({
          id: `github-cache-wrong-${named.filename}`,
          text: `GitHub's cache held wrong bytes for ${named.filename}; they were dropped, and the file is downloaded.`,
        });
      }
    }
  }
  const lock = await readFile(path.join(staging, 'pylock.toml'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (lock !== null) await store.writeLock(key, lock);
  return taken;
}

/**
 * Brings the newest entry of a key into the store: looked up, restored into a staging folder, every wheel hashed, then moved.
 * Gives the entry's name, or null where there was none, or none in time. Never fails: without the cache the files are downloaded.
 */
export async function restoreFromGithub(options: {
  readonly client: CacheClient;
  readonly store: Store;
  readonly key: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly limits?: Limits;
}): Promise<string | null> {
  const { client, store, key, log, signal, limits = defaultLimits } = options;
  const skip = (why: string): null => {
    log.info(`GitHub's cache is not used: ${why}`);
    return null;
  };
  if (!client.isFeatureAvailable()) return skip('the cache service is not available to this job.');
  const staging = stagingFolder(store);
  const prefix = `${key}-`;
  await rm(staging, { recursive: true, force: true });
  try {
    const found = await limited(
      client.restoreCache([staging], prefix, [prefix], { lookupOnly: true }),
      limits.lookUp,
      signal,
    );
    if (found === 'late') return skip(late('it did not answer', limits.lookUp, signal));
    if (found === undefined) return skip(`it gave no entry for ${key}.`);
    const restored = await limited(client.restoreCache([staging], prefix, [prefix]), limits.restore, signal);
    if (restored === 'late') return skip(late(`${found} did not arrive`, limits.restore, signal));
    if (restored === undefined) return skip(`${found} could not be restored.`);
    const taken = await takeIn(staging, key, store, log);
    log.info(`GitHub's cache had ${restored}: ${taken} files.`);
    return restored;
  } catch (error) {
    return skip(error instanceof Error ? error.message : String(error));
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function stage(save: GithubSave, store: Store, staging: string): Promise<string | null> {
  const lock = await store.readLock(save.key);
  if (lock === null) return 'the lock is gone.';
  for (const named of save.files) {
    const file = await store.find(named.sha256, named.filename);
    if (file === null) return `${named.filename} is no longer in the store.`;
    const folder = path.join(staging, 'wheels', named.sha256);
    await mkdir(folder, { recursive: true });
    const target = path.join(folder, named.filename);
    // A link costs no space; where the file system has none, a copy.
    await link(file.path, target).catch(() => copyFile(file.path, target));
  }
  await writeFile(path.join(staging, 'pylock.toml'), lock.value);
  return null;
}

/** Saves a lock's files as one entry. Never fails; says in a calm line why nothing was saved. */
export async function saveToGithub(options: {
  readonly client: CacheClient;
  readonly store: Store;
  readonly save: GithubSave;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly limits?: Limits;
}): Promise<boolean> {
  const { client, store, save, log, signal, limits = defaultLimits } = options;
  const skip = (why: string): false => {
    log.info(`Nothing was saved to GitHub's cache: ${why}`);
    return false;
  };
  if (!client.isFeatureAvailable()) return skip('the cache service is not available to this job.');
  const staging = stagingFolder(store);
  await rm(staging, { recursive: true, force: true });
  try {
    const missing = await stage(save, store, staging);
    if (missing !== null) return skip(missing);
    const id = await limited(client.saveCache([staging], save.entry), limits.save, signal);
    if (id === 'late') return skip(late('it did not take the files', limits.save, signal));
    if (id < 0) return skip('the service refused, or another job has saved the same files.');
    log.info(`Saved ${save.files.length} files to GitHub's cache as ${save.entry}.`);
    return true;
  } catch (error) {
    return skip(error instanceof Error ? error.message : String(error));
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}
