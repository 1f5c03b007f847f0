import { chmod, link, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { entryName } from '../../../src/store/github/entry.js';
import { restoreFromGithub } from '../../../src/store/github/restore.js';
import { saveToGithub } from '../../../src/store/github/save.js';
import { busy, inStaging } from '../../../src/store/github/service.js';
import { keptLog } from '../../support/log.js';
import { files, key, openHouse, save, sha256, wheels } from './house.js';

const house = openHouse();
const { client, serve, freshStore, fullStore } = house;
const { signal } = new AbortController();
const common = { client, key, signal };

/** Saves an entry as somebody else may have made it. */
async function savePoisoned(fill: (staging: string) => Promise<void>): Promise<void> {
  await inStaging({ store: await freshStore(), log: keptLog() }, null, async (staging) => {
    await mkdir(staging, { recursive: true });
    await fill(staging);
    await client.saveCache([staging], save.entry);
    return null;
  });
}

async function put(staging: string, digest: string, filename: string, text: string): Promise<void> {
  await mkdir(path.join(staging, 'wheels', digest), { recursive: true });
  await writeFile(path.join(staging, 'wheels', digest, filename), text);
}

describe.each([2, 1] as const)('by version %i of the protocol, a lock and its files', (version) => {
  test('are saved by one job and found, checked, by the next', async () => {
    const { keys } = await serve(undefined, version);
    const log = keptLog();
    const download = { bytes: 50_000_000, ms: 1000 };
    expect(await saveToGithub({ client, signal, store: await fullStore(), save: { ...save, download }, log })).toEqual(
      expect.any(Number),
    );
    expect(keys()).toEqual([save.entry]);

    const store = await freshStore();
    const restored = await restoreFromGithub({ ...common, store, log });
    expect(restored).toEqual({
      entry: save.entry,
      lock: 'lock-version = "1.0"\n',
      files: 2,
      bytes: wheels.reduce((sum, { text }) => sum + text.length, 0),
      ms: expect.any(Number),
      download,
    });
    for (const wheel of wheels) {
      const file = await store.find(wheel.sha256, wheel.filename);
      expect(file === null ? null : await readFile(file.path, 'utf8')).toBe(wheel.text);
    }
    expect(await readdir(store.folders.staging)).toEqual([]);
  });

  test('are left to another job of the machine while that one moves an entry', async () => {
    const { keys } = await serve(undefined, version);
    const store = await fullStore();
    const log = keptLog();
    await inStaging({ store, log }, null, async (staging) => {
      await mkdir(staging, { recursive: true });
      await writeFile(path.join(staging, 'theirs'), '');
      expect(await restoreFromGithub({ ...common, store, log })).toBe(busy);
      expect(await saveToGithub({ client, signal, store, save, log })).toBeNull();
      expect(await readdir(staging)).toEqual(['theirs']);
      return null;
    });
    expect(keys()).toEqual([]);
    expect(await saveToGithub({ client, signal, store, save, log })).toEqual(expect.any(Number));
  });

  test('leave the folder to a client that was given up until it has ended', async () => {
    const store = await fullStore();
    const log = keptLog();
    const late = path.join(store.folders.staging, 'github', 'late');
    let end: () => void = () => undefined;
    const unpacked = new Promise<void>((resolve) => {
      end = resolve;
    });
    const slow: typeof client = {
      isFeatureAvailable: () => true,
      saveCache: () => Promise.resolve(1),
      restoreCache: async (_paths, _key, _keys, options) => {
        if (options?.lookupOnly === true) return save.entry;
        await unpacked;
        await mkdir(late, { recursive: true });
        return save.entry;
      },
    };
    const limits = { lookUp: 1000, restore: 50, save: 1000 };
    expect(await restoreFromGithub({ ...common, client: slow, store, log, limits })).toContain('did not arrive');
    expect(await restoreFromGithub({ ...common, client: slow, store, log, limits })).toBe(busy);
    expect(await saveToGithub({ client: slow, signal, store, save, log, limits })).toBeNull();
    end();
    for (let looks = 0; looks < 100 && (await store.partialWritten('github-cache')) !== null; looks += 1)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await readdir(store.folders.staging)).toEqual([]);
    expect(await store.partialWritten('github-cache')).toBeNull();
  });

  test('come from the newest entry of the key', async () => {
    await serve(undefined, version);
    const store = await fullStore();
    const log = keptLog();
    const old = { ...save, entry: `${key}-old`, files: wheels.slice(0, 1) };
    await saveToGithub({ client, store, save: old, log, signal });
    await saveToGithub({ client, store, save, log, signal });
    const restored = await restoreFromGithub({ ...common, store: await freshStore(), log });
    expect(restored).toMatchObject({ entry: save.entry });
  });

  test('are not taken from another key, even one that begins the same', async () => {
    await serve(undefined, version);
    const log = keptLog();
    const other = { ...save, entry: `${key}5-abc` };
    await saveToGithub({ client, store: await fullStore(), save: other, log, signal });
    const restored = await restoreFromGithub({ ...common, store: await freshStore(), log });
    expect(restored).toBe(`it gave no entry for ${key}.`);
  });

  test('are saved by one of two jobs that have the same, and the other says so calmly', async () => {
    const { keys } = await serve(undefined, version);
    const store = await fullStore();
    const log = keptLog();
    expect(await saveToGithub({ client, store, save, log, signal })).not.toBeNull();
    expect(await saveToGithub({ client, store, save, log, signal })).toBeNull();
    expect(keys()).toEqual([save.entry]);
    expect(log.lines.at(-1)).toContain('another job has saved the same files');
  });
});

describe('an entry', () => {
  test('is downloaded only where the look-up found one', async () => {
    const { calls } = await serve();
    await restoreFromGithub({ ...common, store: await freshStore(), log: keptLog() });
    expect(calls).toEqual(['GetCacheEntryDownloadURL']);
  });

  test('is not made of files that are no longer in the store', async () => {
    const { calls } = await serve();
    const log = keptLog();
    expect(await saveToGithub({ client, signal, store: await freshStore(), save, log })).toBeNull();
    expect(log.lines).toEqual(["Nothing was saved to GitHub's cache: the lock is gone."]);
    expect(calls).toEqual([]);
  });

  test('is named by which files it has, not by their order', () => {
    expect(entryName({ key, files: files.toReversed() })).toBe(save.entry);
    expect(entryName({ key, files: files.slice(1) })).not.toBe(save.entry);
  });
});

describe('a poisoned entry', () => {
  test('loses its wrong wheel and keeps its right one; its lock is handed over and not stored', async () => {
    await serve();
    const [one, two] = wheels;
    if (one === undefined || two === undefined) throw new Error('two wheels are needed');
    await savePoisoned(async (staging) => {
      await put(staging, one.sha256, one.filename, 'another wheel');
      await put(staging, two.sha256, two.filename, two.text);
      await writeFile(path.join(staging, 'pylock.toml'), 'poison');
      await writeFile(path.join(staging, 'download.json'), '{"bytes":1e400,"ms":-1}');
    });
    const store = await freshStore();
    const log = keptLog();
    const restored = await restoreFromGithub({ ...common, store, log });
    expect(restored).toMatchObject({ files: 1, lock: 'poison', download: null });
    expect(await store.readLock(key)).toBeNull();
    expect(await store.find(one.sha256, one.filename)).toBeNull();
    expect(await store.find(two.sha256, two.filename)).not.toBeNull();
    expect(log.notices.map((notice) => notice.text)).toEqual([
      expect.stringContaining(`wrong bytes for ${one.filename}`),
    ]);
  });

  test('can not make the store hold a link to a file of the machine', async () => {
    await serve();
    const target = path.join(house.folder(), 'of-the-machine');
    await writeFile(target, 'private');
    const { mode } = await stat(target);
    await savePoisoned(async (staging) => {
      await mkdir(path.join(staging, 'wheels', sha256('private')), { recursive: true });
      await symlink(target, path.join(staging, 'wheels', sha256('private'), 'x-1.0-py3-none-any.whl'));
      await symlink(target, path.join(staging, 'pylock.toml'));
    });
    const store = await freshStore();
    expect(await restoreFromGithub({ ...common, store, log: keptLog() })).toMatchObject({ files: 0, lock: null });
    expect(await store.find(sha256('private'), 'x-1.0-py3-none-any.whl')).toBeNull();
    expect((await stat(target)).mode).toBe(mode);
  });

  /** A client whose archive `unpack` makes, links to places outside of it included. */
  const unpacking = (unpack: (staging: string) => Promise<void>): typeof client => ({
    isFeatureAvailable: () => true,
    saveCache: () => Promise.resolve(1),
    restoreCache: async ([staging = ''], _key, _keys, options) => {
      if (options?.lookupOnly !== true) await unpack(staging);
      return save.entry;
    },
  });

  test.each<[string, (staging: string, secret: string) => Promise<void>]>([
    [
      'of one file',
      async (staging, secret) => {
        await mkdir(path.join(staging, 'wheels'), { recursive: true });
        await symlink(path.join(secret, 'wheels', sha256('known')), path.join(staging, 'wheels', sha256('known')));
      },
    ],
    [
      'of all files',
      async (staging, secret) => {
        await mkdir(staging, { recursive: true });
        await symlink(path.join(secret, 'wheels'), path.join(staging, 'wheels'));
      },
    ],
    ['of the whole', (staging, secret) => symlink(secret, staging)],
  ])('with a link in the place of the folder %s leaves alone what that leads to', async (_name, unpack) => {
    const secret = path.join(house.folder(), 'secret');
    await put(secret, sha256('known'), 'known', 'known');
    const files = path.join(secret, 'wheels', sha256('known'));
    await writeFile(path.join(files, 'private'), 'private');
    for (const name of ['known', 'private']) await chmod(path.join(files, name), 0o600);
    const modes = () =>
      Promise.all(['known', 'private'].map(async (name) => (await stat(path.join(files, name))).mode));
    const before = await modes();
    await writeFile(path.join(secret, 'pylock.toml'), 'private');
    const store = await freshStore();
    const poisoned = unpacking((staging) => unpack(staging, secret));
    const restored = await restoreFromGithub({ ...common, client: poisoned, store, log: keptLog() });
    expect(restored).toMatch(/^the entry holds a link in the place of \w+\.$/);
    expect(await modes()).toEqual(before);
    expect(await store.find(sha256('known'), 'known')).toBeNull();
  });

  test('can not make the store change a file of the machine by another name of it', async () => {
    const target = path.join(house.folder(), 'of-the-machine');
    await writeFile(target, 'private');
    await chmod(target, 0o600);
    const { mode } = await stat(target);
    const store = await freshStore();
    const poisoned = unpacking(async (staging) => {
      await mkdir(path.join(staging, 'wheels', sha256('private')), { recursive: true });
      await link(target, path.join(staging, 'wheels', sha256('private'), 'x-1.0-py3-none-any.whl'));
    });
    const restored = await restoreFromGithub({ ...common, client: poisoned, store, log: keptLog() });
    expect(restored).toMatchObject({ files: 0 });
    expect((await stat(target)).mode).toBe(mode);
  });

  test('with a file name that leads elsewhere is given up', async () => {
    await serve();
    await savePoisoned((staging) => put(staging, sha256('x'), 'x y;z.whl', 'x'));
    const restored = await restoreFromGithub({ ...common, store: await freshStore(), log: keptLog() });
    expect(restored).toContain('not a plain name: "x y;z.whl"');
  });
});
