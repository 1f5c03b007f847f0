import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as cache from '@actions/cache';
import { afterEach, beforeEach, jest } from '@jest/globals';
import { openDirectoryStore } from '../../../src/store/directory.js';
import { entryName, type GithubSave } from '../../../src/store/github/entry.js';
import type { CacheClient } from '../../../src/store/github/service.js';
import type { Store } from '../../../src/values/store.js';
import { type CacheService, startCacheService } from '../../support/cache-service.js';

export const key = 'paddle-linux-x64-cp311-cpu-0123abcd';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export const wheels = [
  { filename: 'one-1.0-py3-none-any.whl', text: 'first wheel' },
  { filename: 'two-2.0-py3-none-any.whl', text: 'second wheel' },
].map((wheel) => ({ ...wheel, sha256: sha256(wheel.text) }));

const locked = { name: 'one', version: '1.0', kind: 'wheel', size: 10, urls: [], requiresPython: null } as const;

/** The wheels as a lock has them. */
export const files = wheels.map((wheel) => ({ ...locked, hashOrigin: 'official' as const, ...wheel }));

export const save: GithubSave = { entry: entryName({ key, files }), key, files: wheels, bytes: 23, download: null };

/** A service, a machine's folder and a client, made anew for each test of the file that calls this. */
export interface House {
  readonly client: CacheClient;
  /** A folder for whatever a test needs. */
  folder(): string;
  /** Starts the service and tells @actions/cache of it. */
  serve(fault?: Parameters<typeof startCacheService>[0], version?: 1 | 2): Promise<CacheService>;
  /** A machine's store: always at the same place, as the runners of one image have it, and empty at first. */
  freshStore(): Promise<Store>;
  /** One with both wheels and their lock. */
  fullStore(): Promise<Store>;
}

export function openHouse(): House {
  let folder = '';
  let service: CacheService | null = null;
  let output: ReturnType<typeof silence>;
  /** Calls that our limits gave up: they end once the service is gone. */
  let pending: Promise<unknown>[] = [];
  let over = false;
  const before = { ...process.env };

  const silence = () => jest.spyOn(process.stdout, 'write').mockImplementation(() => true);
  const pend = <T>(call: Promise<T>): Promise<T> => {
    pending.push(call);
    return call;
  };

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'github-cache-'));
    service = null;
    pending = [];
    output = silence();
    Object.assign(process.env, { RUNNER_TEMP: folder, GITHUB_WORKSPACE: folder });
  });

  afterEach(async () => {
    // A refusal ends the clients' own tries at once.
    over = true;
    service?.hangUp();
    await Promise.allSettled(pending);
    await service?.close();
    output.mockRestore();
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
    // A call that was given up gives its place up once it has ended, which may be at this moment.
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  const freshStore = async (): Promise<Store> => {
    const root = path.join(folder, 'tools', 'store');
    await rm(root, { recursive: true, force: true, maxRetries: 10 });
    return openDirectoryStore(root);
  };

  return {
    client: {
      isFeatureAvailable: cache.isFeatureAvailable,
      restoreCache: (...args) => pend(cache.restoreCache(...args)),
      saveCache: (...args) => pend(cache.saveCache(...args)),
    },
    folder: () => folder,
    async serve(fault = () => null, version = 2) {
      over = false;
      service = await startCacheService((call) => (over ? { status: 403 } : fault(call)), { version });
      Object.assign(process.env, service.environment);
      return service;
    },
    freshStore,
    async fullStore() {
      const store = await freshStore();
      for (const wheel of wheels) {
        const arrived = path.join(store.folders.staging, wheel.filename);
        await writeFile(arrived, wheel.text);
        await store.admit(arrived, wheel, 'unchecked');
      }
      await store.writeLock(key, 'lock-version = "1.0"\n');
      return store;
    },
  };
}
