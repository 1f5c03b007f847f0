import { lstat, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Log } from '../../values/log.js';
import type { Store } from '../../values/store.js';
import { goneAsNull } from '../../values/system-error.js';

/** Milliseconds for each call of the cache service. */
export interface Limits {
  readonly lookUp: number;
  readonly restore: number;
  readonly save: number;
}

/** `@actions/cache` has no limit of its own that helps: a service that accepts and never answers was seen to hold a job for 15 minutes. */
export const defaultLimits: Limits = { lookUp: 20_000, restore: 180_000, save: 300_000 };

/** The part of `@actions/cache` that is used; a parameter, so that the package is loaded only where GitHub's cache is wanted. */
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

/** What every call of the service needs. */
export interface Call {
  readonly client: CacheClient;
  readonly store: Store;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly limits?: Limits;
}

/** What a job without a cache service is told. */
export const unavailable = 'the cache service is not available to this job.';
/** What a job is told while another one of this machine moves an entry. */
export const busy = 'another job of this machine is using the cache service.';

/** How often (ms) other jobs of this machine are told that the staging folder is in use. */
const TOUCH_MS = 5_000;

/** Marks a call that reads or writes the staging folder. */
export type Uses = <T>(call: Promise<T>) => Promise<T>;

/**
 * Runs `work` with an empty staging folder and removes it afterwards. Its path is part of an entry's identity, so it is the same in every
 * job of a machine, and one job at a time has it: `busy` is given where another one does. Where `work` gives up a call that it marked, the
 * folder stays this job's until that has ended: the client can't be stopped and goes on unpacking.
 */
export async function inStaging<T>(
  { store, log }: Pick<Call, 'store' | 'log'>,
  busy: T,
  work: (staging: string, uses: Uses) => Promise<T>,
): Promise<T> {
  const place = await store.partial('github-cache');
  if (place === null) return busy;
  // A touch that fails makes the place look silent, no more: then another job may take it.
  const alive = setInterval(() => place.touch().catch(() => undefined), TOUCH_MS).unref();
  const staging = path.join(store.folders.staging, 'github');
  const open = new Set<Promise<unknown>>();
  const uses: Uses = (call) => {
    const close = (): boolean => open.delete(ended);
    const ended = call.then(close, close);
    open.add(ended);
    return call;
  };
  const end = async (): Promise<void> => {
    clearInterval(alive);
    await rm(staging, { recursive: true, force: true });
    await place.discard();
  };
  try {
    await rm(staging, { recursive: true, force: true });
    return await work(staging, uses);
  } finally {
    if (open.size === 0) await end();
    else
      Promise.all(open)
        .then(end)
        .catch((error: unknown) => log.debug(`after GitHub's client: ${String(error)}`));
  }
}

/** The value, or `late` after `ms` milliseconds or an abort: the call itself can't be stopped. */
export async function limited<T>(promise: Promise<T>, ms: number, signal: AbortSignal): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  let stop: (() => void) | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), ms);
    stop = () => resolve('late');
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
  // Its late failure must not end the process.
  promise.catch(() => 'late');
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
    if (stop !== undefined) signal.removeEventListener('abort', stop);
  }
}

/** Says what was late. */
export function late(what: string, ms: number, signal: AbortSignal): string {
  return signal.aborted ? `${what} before the run was stopped.` : `${what} within ${ms / 1000} s.`;
}

/** Paths in a folder of an entry; none where it is no folder. Throws Error where a link to one stands in its place. */
export async function children(folder: string): Promise<string[]> {
  const found = await lstat(folder).catch(goneAsNull);
  if (found?.isSymbolicLink() === true)
    throw new Error(`the entry holds a link in the place of ${path.basename(folder)}.`);
  return found?.isDirectory() === true ? (await readdir(folder)).map((name) => path.join(folder, name)) : [];
}
