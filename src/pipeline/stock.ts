import { stat } from 'node:fs/promises';
import { openDirectoryStore } from '../store/directory.js';
import { type GithubSave, restoreFromGithub } from '../store/github.js';
import type { Store } from '../store/store.js';
import type { Lock } from '../values/lock.js';
import type { Context, Story } from './context.js';
import type { Prepared } from './prepare.js';

/** The store of a run, and what GitHub's cache had for it. */
export interface Stock {
  readonly store: Store;
  /** Name of GitHub's entry that was restored, or null. */
  readonly restored: string | null;
}

function isFolder(folder: string): Promise<boolean> {
  return stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/**
 * Opens the store where there may be something in it: its folder exists, or GitHub's cache is asked. Null where there is none yet, so that
 * a request without a solution leaves no folder behind.
 */
export async function openStock(prepared: Prepared, context: Context, signal: AbortSignal): Promise<Stock | null> {
  const { choice, key } = prepared;
  if (choice.kind !== 'github') {
    return (await isFolder(choice.folder)) ? { store: await openDirectoryStore(choice.folder), restored: null } : null;
  }
  const store = await openDirectoryStore(choice.folder);
  // The package is large and belongs to one of three stores: it is loaded only for that one.
  const client = await import('@actions/cache');
  const restored = await context.timeline.step("Restore from GitHub's cache", () =>
    restoreFromGithub({ client, store, key, log: context.log, signal }),
  );
  return { store, restored };
}

/** Files of a lock that the store has already. */
export async function filesThere(store: Store, lock: Lock): Promise<Lock['files']> {
  const found = await Promise.all(
    lock.files.map(async (file) => ({ file, there: await store.find(file.sha256, file.filename) })),
  );
  return found.filter(({ there }) => there !== null).map(({ file }) => file);
}

/** Writes into the story what the cache gave: before anything is downloaded. */
export function tellCache(prepared: Prepared, kept: boolean, lock: Lock, there: Lock['files'], story: Story): void {
  const { choice, key, anatomy } = prepared;
  const whole = there.length === lock.files.length;
  story.cache = {
    store: choice.kind,
    reason: choice.reason,
    folder: choice.folder,
    key,
    anatomy,
    hit: kept && whole ? 'exact' : there.length > 0 ? 'partial' : 'miss',
    filesReused: there.length,
    bytesReused: there.reduce((sum, file) => sum + (file.size ?? 0), 0),
    bytesDownloaded: 0,
  };
}

/** What post has to save: nothing where the very entry was restored, or where GitHub's cache is not used. */
export function toSave(prepared: Prepared, stock: Stock, lock: Lock, entry: string): GithubSave | null {
  if (prepared.choice.kind !== 'github' || stock.restored === entry) return null;
  const files = lock.files
    .filter((file) => file.hashOrigin !== 'local')
    .map(({ sha256, filename }) => ({ sha256, filename }));
  return { entry, key: lock.key, files };
}
