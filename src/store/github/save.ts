import { copyFile, link, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Lock } from '../../values/lock.js';
import type { Store } from '../../values/store.js';
import type { WritePermission } from '../write-permission.js';
import { downloadIsFaster, entryName, type GithubSave, type Speed } from './entry.js';
import { busy, type Call, defaultLimits, inStaging, late, limited, type Uses, unavailable } from './service.js';

/** GitHub keeps 10 GB for a repository by default and removes what was not used for longest: an entry above half of it drives out all others. */
const ceilingBytes = 5_000_000_000;

/** What post is to do: save, or not and why. */
export type SavePlan = { readonly save: GithubSave } | { readonly save: null; readonly why: string };

/** Decides what of a lock is worth an entry. `restored`: name of the entry that was restored, or null. Speeds are null where nothing was measured. */
export function planSave(options: {
  readonly lock: Lock;
  readonly restored: string | null;
  readonly writing: WritePermission;
  readonly download: Speed | null;
  readonly restore: Speed | null;
}): SavePlan {
  const { lock, restored, writing, download, restore } = options;
  const not = (why: string): SavePlan => ({ save: null, why });
  const entry = entryName(lock);
  if (restored === entry) return not('the entry that was restored has every file already.');
  if (!writing.allowed) return not(`${writing.why}.`);
  // A later job could not tell these from forged ones, so it would download them all the same.
  const kept = lock.files.filter(({ hashOrigin }) => hashOrigin !== 'local' && hashOrigin !== 'first-seen');
  if (kept.length === 0) return not('no index publishes a hash for any of the files.');
  const bytes = kept.reduce((sum, { size }) => sum + (size ?? 0), 0);
  if (bytes > ceilingBytes) {
    return not(`${gigabytes(bytes)} are more than the ${gigabytes(ceilingBytes)} that one entry may take.`);
  }
  const slower = downloadIsFaster(download, restore);
  if (slower !== null) return not(slower);
  const files = kept.map(({ sha256, filename }) => ({ sha256, filename }));
  return { save: { entry, key: lock.key, files, bytes, download } };
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
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
  if (save.download !== null) await writeFile(path.join(staging, 'download.json'), JSON.stringify(save.download));
  return null;
}

/** Saves a lock's files as one entry and gives the milliseconds it took. Never fails; says in a calm line why nothing was saved, and gives null. */
export async function saveToGithub(call: Call & { readonly save: GithubSave }): Promise<number | null> {
  const { client, store, save, log, signal, limits = defaultLimits } = call;
  const skip = (why: string): null => {
    log.info(`Nothing was saved to GitHub's cache: ${why}`);
    return null;
  };
  if (!client.isFeatureAvailable()) return skip(unavailable);
  const upload = async (staging: string, uses: Uses): Promise<number | string> => {
    const started = performance.now();
    const missing = await stage(save, store, staging);
    if (missing !== null) return missing;
    const id = await limited(uses(client.saveCache([staging], save.entry)), limits.save, signal);
    if (id === 'late') return late('it did not take the files', limits.save, signal);
    if (id < 0) return 'the service refused, or another job has saved the same files.';
    // Version 1 of the client gives a number also where the upload failed.
    const there = await limited(
      client.restoreCache([staging], save.entry, [], { lookupOnly: true }),
      limits.lookUp,
      signal,
    );
    return there === save.entry ? Math.round(performance.now() - started) : 'the service refused the files.';
  };
  try {
    const ended = await inStaging<number | string>(call, busy, upload);
    return typeof ended === 'number' ? ended : skip(ended);
  } catch (error) {
    return skip(error instanceof Error ? error.message : String(error));
  }
}
