import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { makeScratch } from '../process/folders.js';
import { openDirectoryStore } from '../store/directory.js';
import type { Lock } from '../values/lock.js';
import type { Store } from '../values/store.js';
import type { Run } from './context.js';
import { type GithubStock, restoreStock } from './github-cache.js';
import type { Prepared } from './prepare.js';

/** The store of a run, and what GitHub's cache had for it. */
export interface Stock {
  readonly store: Store;
  /** What GitHub's cache had; null where another store is used. */
  readonly github: GithubStock | null;
  /** Removes what must not outlive the run: the whole store with `cache: off`. */
  close(): Promise<void>;
}

const nothingToClose = (): Promise<void> => Promise.resolve();

function isStore(folder: string): Promise<boolean> {
  return stat(path.join(folder, 'wheels')).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/**
 * The store where there may be something in it: its folder was one before, or GitHub's cache is asked. Null where there is nothing yet, so that
 * neither `plan` nor a request without a solution leaves a folder behind, in a folder of the user's least of all.
 */
export async function findStock(run: Run, prepared: Prepared): Promise<Stock | null> {
  const { folder, kind } = prepared.choice;
  if (folder === null || (kind !== 'github' && !(await isStore(folder)))) return null;
  const store = await openDirectoryStore(folder);
  const github = kind === 'github' ? await restoreStock(run, prepared, store) : null;
  return { store, github, close: nothingToClose };
}

/** Makes the store; with `cache: off` a temporary one. */
export async function makeStock({ context }: Run, { choice }: Prepared): Promise<Stock> {
  if (choice.folder !== null) {
    return { store: await openDirectoryStore(choice.folder), github: null, close: nothingToClose };
  }
  const given = context.environment['RUNNER_TEMP'] || null;
  const folder = makeScratch(given === null ? undefined : { variable: 'RUNNER_TEMP', folder: given });
  const store = await openDirectoryStore(folder);
  return { store, github: null, close: () => rm(folder, { recursive: true, force: true }) };
}

/**
 * Writes into the story what the store already had of a lock, and gives the SHA-256 of these files. `kept`: the lock itself was kept.
 * `arrived`: SHA-256 of the files that resolving had to bring, so that they do not count as reused.
 */
export async function tellCache(
  { story }: Run,
  prepared: Prepared,
  { store }: Stock,
  lock: Lock,
  kept: boolean,
  arrived: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const { choice, key, anatomy } = prepared;
  // The user's own files stay where they are.
  const wanted = lock.files.filter(({ hashOrigin }) => hashOrigin !== 'local');
  const found = await Promise.all(wanted.map((file) => store.find(file.sha256, file.filename)));
  const there = found.filter((file) => file !== null).filter(({ sha256 }) => !arrived.has(sha256));
  story.cache = {
    ...nothingMoved,
    store: choice.kind,
    reason: choice.reason,
    folder: choice.folder ?? '',
    key,
    anatomy,
    hit: kept && there.length === wanted.length ? 'exact' : there.length > 0 ? 'partial' : 'miss',
    filesReused: there.length,
    bytesReused: there.reduce((sum, { size }) => sum + size, 0),
  };
  return new Set(there.map(({ sha256 }) => sha256));
}

/** What the report says of the cache before anything was transferred. */
export const nothingMoved = {
  bytesDownloaded: 0,
  stored: { files: 0, bytes: 0 },
  awaited: { files: 0, bytes: 0 },
  saved: null,
  bucket: null,
  github: null,
} as const;
