import { chmod, lstat, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Log } from '../../values/log.js';
import { type Store, WrongBytes } from '../../values/store.js';
import { readSpeed, type Speed } from './entry.js';
import {
  busy,
  type Call,
  children,
  defaultLimits,
  inStaging,
  late,
  limited,
  type Uses,
  unavailable,
} from './service.js';

/** What an entry brought. The lock is what somebody else wrote: it is not in the store until it was checked. */
export interface Restored {
  /** The entry's name. */
  readonly entry: string;
  readonly lock: string | null;
  readonly files: number;
  readonly bytes: number;
  /** Look-up, download, unpacking and hashing, milliseconds. */
  readonly ms: number;
  /** How fast the same files came from indexes and mirrors when the entry was made; null where that is not known. */
  readonly download: Speed | null;
}

/**
 * Moves what arrived into the store, each file hashed first; a wrong one costs its download, nothing more. An entry may hold links, which
 * would have the store hold, and change, whatever they point to: they are not followed. Throws Error where one stands for a folder.
 */
async function takeIn(staging: string, store: Store, log: Log): Promise<{ files: number; bytes: number }> {
  const taken = { files: 0, bytes: 0 };
  // The staging folder itself comes out of the archive, too.
  const wheels = (await children(staging)).find((name) => path.basename(name) === 'wheels');
  for (const folder of wheels === undefined ? [] : await children(wheels)) {
    for (const file of await children(folder)) {
      const named = { sha256: path.basename(folder), filename: path.basename(file) };
      try {
        const found = await lstat(file);
        if (!found.isFile() || found.nlink > 1) throw new WrongBytes(named.filename, named.sha256, null);
        // Archived read-only, as the store keeps it; an ordinary user could not flush it to the disk.
        await chmod(file, 0o644);
        const { size } = await store.admit(file, named, 'unchecked');
        taken.files += 1;
        taken.bytes += size;
      } catch (error) {
        if (!(error instanceof WrongBytes)) throw error;
        log.warn({
          id: `github-cache-wrong-${named.filename}`,
          text: `GitHub's cache held wrong bytes for ${named.filename}; they were dropped, and the file is downloaded.`,
        });
      }
    }
  }
  return taken;
}

/** A small text of the entry; null where there is none, or something else in its place. */
async function readSmall(file: string): Promise<string | null> {
  const found = await lstat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return found?.isFile() === true && found.size < 2 ** 24 ? readFile(file, 'utf8') : null;
}

function parsed(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    // Damaged: then nothing is known.
    return null;
  }
}

/**
 * Brings the newest entry of a key into the store: looked up, restored into a staging folder, every wheel hashed, then moved.
 * Where there is none, or none in time, gives the reason. Never fails: without the cache the files are downloaded.
 */
export async function restoreFromGithub(call: Call & { readonly key: string }): Promise<Restored | string> {
  const { client, store, key, log, signal, limits = defaultLimits } = call;
  if (!client.isFeatureAvailable()) return unavailable;
  const prefix = `${key}-`;
  const restore = async (staging: string, uses: Uses): Promise<Restored | string> => {
    const started = performance.now();
    const found = await limited(
      client.restoreCache([staging], prefix, [prefix], { lookupOnly: true }),
      limits.lookUp,
      signal,
    );
    if (found === 'late') return late('it did not answer', limits.lookUp, signal);
    if (found === undefined) return `it gave no entry for ${key}.`;
    const entry = await limited(uses(client.restoreCache([staging], prefix, [prefix])), limits.restore, signal);
    if (entry === 'late') return late(`${found} did not arrive`, limits.restore, signal);
    if (entry === undefined) return `${found} could not be restored.`;
    const taken = await takeIn(staging, store, log);
    const lock = await readSmall(path.join(staging, 'pylock.toml'));
    const download = readSpeed(parsed(await readSmall(path.join(staging, 'download.json'))));
    return { entry, lock, ...taken, ms: Math.round(performance.now() - started), download };
  };
  try {
    return await inStaging(call, busy, restore);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
