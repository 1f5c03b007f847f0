import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as cache from '@actions/cache';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { openDirectoryStore } from '../../src/store/directory.js';
import {
  type CacheClient,
  entryName,
  type GithubSave,
  restoreFromGithub,
  saveToGithub,
} from '../../src/store/github.js';
import type { Store } from '../../src/values/store.js';
import { type CacheService, startCacheService } from '../support/cache-service.js';
import { keptLog } from '../support/log.js';

const key = 'paddle-linux-x64-cp311-cpu-0123abcd';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const wheels = [
  { filename: 'one-1.0-py3-none-any.whl', text: 'first wheel' },
  { filename: 'two-2.0-py3-none-any.whl', text: 'second wheel' },
].map((wheel) => ({ ...wheel, sha256: sha256(wheel.text) }));
const locked = {
  name: 'one',
  version: '1.0',
  kind: 'wheel',
  size: null,
  hashOrigin: 'official',
  urls: [],
  requiresPython: null,
} as const;
const save: GithubSave = {
  entry: entryName({ key, files: wheels.map((wheel) => ({ ...locked, ...wheel })) }),
  key,
  files: wheels,
};
const short = { lookUp: 400, restore: 400, save: 400 };

let folder: string;
let service: CacheService | null;
let output: ReturnType<typeof silence>;
/** Calls that our limits gave up: they end once the service is gone. */
let pending: Promise<unknown>[];
let over: boolean;
const before = { ...process.env };

const silence = () => jest.spyOn(process.stdout, 'write').mockImplementation(() => true);

function pend<T>(call: Promise<T>): Promise<T> {
  pending.push(call);
  return call;
}

const client: CacheClient = {
  isFeatureAvailable: cache.isFeatureAvailable,
  restoreCache: (...args) => pend(cache.restoreCache(...args)),
  saveCache: (...args) => pend(cache.saveCache(...args)),
};

async function serve(fault: Parameters<typeof startCacheService>[0] = () => null): Promise<CacheService> {
  over = false;
  service = await startCacheService((call) => (over ? { status: 403 } : fault(call)));
  Object.assign(process.env, service.environment);
  return service;
}

/** A machine's store: always at the same place, as the runners of one image have it, and empty at first. */
async function freshStore(): Promise<Store> {
  const root = path.join(folder, 'tools', 'store');
  await rm(root, { recursive: true, force: true });
  return openDirectoryStore(root);
}

async function fullStore(): Promise<Store> {
  const store = await freshStore();
  for (const wheel of wheels) {
    const arrived = path.join(store.folders.staging, wheel.filename);
    await writeFile(arrived, wheel.text);
    await store.admit(arrived, wheel, 'unchecked');
  }
  await store.writeLock(key, 'lock-version = "1.0"\n');
  return store;
}

/** Saves an entry as somebody else may have made it. */
async function savePoisoned(fill: (staging: string) => Promise<void>): Promise<void> {
  const store = await freshStore();
  const staging = path.join(store.folders.staging, 'github');
  await mkdir(staging, { recursive: true });
  await fill(staging);
  await client.saveCache([staging], save.entry);
}

async function put(staging: string, digest: string, filename: string, text: string): Promise<void> {
  await mkdir(path.join(staging, 'wheels', digest), { recursive: true });
  await writeFile(path.join(staging, 'wheels', digest, filename), text);
}

const { signal } = new AbortController();
const common = { client, key, signal };

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
  await rm(folder, { recursive: true, force: true });
});

describe('a lock and its files', () => {
  test('are saved by one job and found, checked, by the next', async () => {
    const { keys } = await serve();
    const log = keptLog();
    expect(await saveToGithub({ ...common, store: await fullStore(), save, log })).toBe(true);
    expect(keys()).toEqual([save.entry]);

    const store = await freshStore();
    expect(await restoreFromGithub({ ...common, store, log })).toBe(save.entry);
    for (const wheel of wheels) {
      const file = await store.find(wheel.sha256, wheel.filename);
      expect(file === null ? null : await readFile(file.path, 'utf8')).toBe(wheel.text);
    }
    expect((await store.readLock(key))?.value).toBe('lock-version = "1.0"\n');
    expect(await readdir(store.folders.staging)).toEqual([]);
    expect(log.lines.at(-1)).toContain('2 files');
  });

  test('come from the newest entry of the key', async () => {
    await serve();
    const store = await fullStore();
    const log = keptLog();
    await saveToGithub({
      client,
      store,
      save: { ...save, entry: `${key}-old`, files: wheels.slice(0, 1) },
      log,
      signal,
    });
    await saveToGithub({ client, store, save, log, signal });
    expect(await restoreFromGithub({ ...common, store: await freshStore(), log })).toBe(save.entry);
  });

  test('are not taken from another key, even one that begins the same', async () => {
    await serve();
    const store = await fullStore();
    const log = keptLog();
    await saveToGithub({ client, store, save: { ...save, entry: `${key}5-abc` }, log, signal });
    expect(await restoreFromGithub({ ...common, store: await freshStore(), log })).toBeNull();
    expect(log.lines.at(-1)).toBe(`GitHub's cache is not used: it gave no entry for ${key}.`);
  });

  test('are downloaded only where the look-up found an entry', async () => {
    const { calls } = await serve();
    await restoreFromGithub({ client, store: await freshStore(), key, log: keptLog(), signal });
    expect(calls).toEqual(['GetCacheEntryDownloadURL']);
  });

  test('of two jobs that save the same files one saves them, and the other says so calmly', async () => {
    const { keys } = await serve();
    const store = await fullStore();
    const log = keptLog();
    expect(await saveToGithub({ client, store, save, log, signal })).toBe(true);
    expect(await saveToGithub({ client, store, save, log, signal })).toBe(false);
    expect(keys()).toEqual([save.entry]);
    expect(log.lines.at(-1)).toContain('another job has saved the same files');
  });

  test('that are no longer in the store are not saved', async () => {
    const { calls } = await serve();
    const log = keptLog();
    expect(await saveToGithub({ client, store: await freshStore(), save, log, signal })).toBe(false);
    expect(log.lines).toEqual(["Nothing was saved to GitHub's cache: the lock is gone."]);
    expect(calls).toEqual([]);
  });

  test('name their entry by which files they are, not by their order', () => {
    const files = wheels.map((wheel) => ({ ...locked, ...wheel }));
    expect(entryName({ key, files: files.toReversed() })).toBe(save.entry);
    expect(entryName({ key, files: files.slice(1) })).not.toBe(save.entry);
  });
});

describe('a poisoned entry', () => {
  test('loses its wrong wheel and keeps its right one', async () => {
    await serve();
    const [one, two] = wheels;
    if (one === undefined || two === undefined) throw new Error('two wheels are needed');
    await savePoisoned(async (staging) => {
      await put(staging, one.sha256, one.filename, 'another wheel');
      await put(staging, two.sha256, two.filename, two.text);
    });
    const store = await freshStore();
    const log = keptLog();
    await restoreFromGithub({ ...common, store, log });
    expect(await store.find(one.sha256, one.filename)).toBeNull();
    expect(await store.find(two.sha256, two.filename)).not.toBeNull();
    expect(log.notices.map((notice) => notice.text)).toEqual([
      expect.stringContaining(`wrong bytes for ${one.filename}`),
    ]);
  });

  test('can not make the store hold a link to a file of the machine', async () => {
    await serve();
    const target = path.join(folder, 'of-the-machine');
    await writeFile(target, 'private');
    const { mode } = await stat(target);
    await savePoisoned(async (staging) => {
      await mkdir(path.join(staging, 'wheels', sha256('private')), { recursive: true });
      await symlink(target, path.join(staging, 'wheels', sha256('private'), 'x-1.0-py3-none-any.whl'));
    });
    const store = await freshStore();
    await restoreFromGithub({ client, store, key, log: keptLog(), signal });
    expect(await store.find(sha256('private'), 'x-1.0-py3-none-any.whl')).toBeNull();
    expect((await stat(target)).mode).toBe(mode);
  });

  test('with a file name that leads elsewhere is given up', async () => {
    await serve();
    await savePoisoned((staging) => put(staging, sha256('x'), 'x y;z.whl', 'x'));
    const log = keptLog();
    expect(await restoreFromGithub({ ...common, store: await freshStore(), log })).toBeNull();
    expect(log.lines).toEqual([expect.stringContaining('not a plain name: "x y;z.whl"')]);
  });
});

describe('a cache service that is out of order costs its limit and fails nothing', () => {
  const looks = [
    ['never answers', 'silent', 'it did not answer within 0.4 s.'],
    ['answers 503', { status: 503 }, 'it did not answer within 0.4 s.'],
    ['answers with a sign-in page', 'html', 'it did not answer within 0.4 s.'],
    ['answers 403', { status: 403 }, `it gave no entry for ${key}.`],
  ] as const;
  test.each(looks)('when it is looked up and %s', async (_name, fault, said) => {
    await serve(() => fault);
    const log = keptLog();
    expect(await restoreFromGithub({ ...common, store: await freshStore(), log, limits: short })).toBeNull();
    expect(log.lines).toEqual([`GitHub's cache is not used: ${said}`]);
  });

  const downloads = [
    ['never comes', 'silent', 'did not arrive within'],
    ['is a sign-in page', 'html', 'could not be restored'],
    ['breaks off', 'broken-off', 'could not be restored'],
    ['is shorter than it was', 'shorter', 'could not be restored'],
    ['is gone', { status: 404 }, 'could not be restored'],
  ] as const;
  test.each(downloads)('when the archive %s', async (_name, fault, said) => {
    await serve((call) => (call === 'get' ? fault : null));
    const log = keptLog();
    await saveToGithub({ ...common, store: await fullStore(), save, log });
    const store = await freshStore();
    const limits = { ...short, lookUp: 10_000, restore: fault === 'silent' ? 400 : 30_000 };
    expect(await restoreFromGithub({ ...common, store, log, limits })).toBeNull();
    expect(log.lines.at(-1)).toContain(said);
    expect(await readdir(store.folders.wheels)).toEqual([]);
    expect(await readdir(store.folders.staging)).toEqual([]);
  });

  test.each([
    ['silent', 'it did not take the files within 0.4 s.'],
    [{ status: 403 }, 'the service refused'],
  ] as const)('when the upload meets %j', async (fault, said) => {
    const { keys } = await serve((call) => (call === 'put' ? fault : null));
    const log = keptLog();
    const limits = { ...short, save: fault === 'silent' ? 400 : 30_000 };
    expect(await saveToGithub({ ...common, store: await fullStore(), save, log, limits })).toBe(false);
    expect(keys()).toEqual([]);
    expect(log.lines.at(-1)).toContain(said);
  });

  test('when the job has none', async () => {
    const log = keptLog();
    Object.assign(process.env, { ACTIONS_RESULTS_URL: '', ACTIONS_CACHE_URL: '' });
    expect(await restoreFromGithub({ ...common, store: await freshStore(), log })).toBeNull();
    expect(await saveToGithub({ ...common, store: await fullStore(), save, log })).toBe(false);
    expect(log.lines.join()).toMatch(/not available to this job.*not available to this job/);
  });
});

test('a run that is stopped does not wait for the cache', async () => {
  await serve(() => 'silent');
  const log = keptLog();
  const stopped = { ...common, signal: AbortSignal.abort() };
  expect(await restoreFromGithub({ ...stopped, store: await freshStore(), log })).toBeNull();
  expect(log.lines.join()).toContain('it did not answer before the run was stopped.');
});
