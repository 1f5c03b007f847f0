import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { markProcess } from '../../src/process/mark.js';
import { openDirectoryStore } from '../../src/store/directory.js';
import { chooseEvictions, keepWithin } from '../../src/store/evict.js';
import { listWheels } from '../../src/store/inventory.js';
import { recordTrees, unpackedIn } from '../../src/store/unpacked.js';
import { beginRun, noteUse } from '../../src/store/uses.js';
import type { Store } from '../../src/values/store.js';
import { unpackTree } from './trees.js';

const day = 24 * 3600_000;
const holding = fc.record({ bytes: fc.integer({ min: 0, max: 100 }), lastUsedMs: fc.integer({ min: 0, max: 50 }) });

describe('what goes', () => {
  test('is never in use, goes in the order of its last use, and no more of it than has to', () => {
    fc.assert(
      fc.property(
        fc.array(holding),
        fc.integer({ min: 0, max: 500 }),
        fc.integer({ min: 0, max: 60 }),
        (all, limit, from) => {
          const gone = chooseEvictions(all, limit, ({ lastUsedMs }) => lastUsedMs >= from);
          const sum = (list: readonly { bytes: number }[]) => list.reduce((total, { bytes }) => total + bytes, 0);
          expect(gone.every(({ lastUsedMs }) => lastUsedMs < from)).toBe(true);
          const free = all.filter(({ lastUsedMs }) => lastUsedMs < from);
          const newest = Math.max(...gone.map(({ lastUsedMs }) => lastUsedMs));
          expect(free.filter((one) => !gone.includes(one)).every(({ lastUsedMs }) => lastUsedMs >= newest)).toBe(true);
          if (sum(all) - sum(gone) > limit) expect(gone).toHaveLength(free.length);
          if (gone.length > 0) expect(sum(all) - sum(gone.slice(0, -1))).toBeGreaterThan(limit);
        },
      ),
    );
  });
});

describe('a store above its limit', () => {
  let root = '';
  let store: Store;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'evict-'));
    store = await openDirectoryStore(root);
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const sha = (letter: string) => letter.repeat(64);
  const filename = (letter: string) => `${letter}-1.0-py3-none-any.whl`;

  /** A wheel of 1000 bytes that came so many days ago. */
  async function wheel(letter: string, days: number): Promise<void> {
    const path = join(store.folders.staging, letter);
    await writeFile(path, Buffer.alloc(1000, letter));
    const stored = await store.admit(path, { sha256: sha(letter), filename: filename(letter) }, 'hashed');
    const when = new Date(Date.now() - days * day);
    await utimes(stored.path, when, when);
  }
  const names = async () => (await readdir(join(root, 'wheels'))).flatMap((start) => start[0] ?? []);
  const wheels = async () => {
    const found = await Promise.all(
      ['a', 'b', 'c'].map(async (letter) => ((await store.find(sha(letter), filename(letter))) === null ? '' : letter)),
    );
    return found.join('');
  };
  const lockOf = (letter: string) =>
    ({ key: 'key', files: [{ sha256: sha(letter), filename: filename(letter) }] }) as never;
  const prune = (limit: number) => keepWithin(root, join(root, 'spare'), limit, Date.now(), null);

  test('loses what was not used for longest; a key that was asked for keeps its wheels young', async () => {
    await wheel('a', 3);
    await wheel('b', 2);
    await wheel('c', 1);
    await noteUse(root, lockOf('a'));
    const { gone, before, after } = await prune(2500);
    expect([gone.map(({ name }) => name), before, after]).toEqual([[filename('b')], 3000, 2000]);
    expect(await wheels()).toBe('ac');
    expect((await prune(1000)).gone.map(({ name }) => name)).toEqual([filename('c')]);
    expect(await names()).toContain('a');
  });

  test('counts unpacked files, and unpacks nothing away that has just been linked', async () => {
    const place = unpackedIn(store.folders.own);
    await unpackTree(place, 'one', 'thing-1.0', { 'thing.py': 'x'.repeat(5000) });
    await recordTrees(place, [{ name: 'thing', version: '1.0', sha256: sha('t') }]);
    mkdirSync(join(place.uv, 'wheels-v8', 'index', 'x', 'thing'), { recursive: true });
    await symlink(join(place.uv, 'archive-v0', 'one'), join(place.uv, 'wheels-v8', 'index', 'x', 'thing', '1.0'));
    await wheel('a', 3);
    const mark = await beginRun(root, Date.now() + 60_000);
    await recordTrees(place, [{ name: 'thing', version: '1.0', sha256: sha('t') }]);
    const now = new Date();
    await utimes(join(place.manifests, 'one.json'), now, now);
    const { gone, before } = await prune(100);
    expect(gone.map(({ kind, name }) => [kind, name])).toEqual([['wheel', filename('a')]]);
    expect(before).toBeGreaterThan(6000);
    await mark.remove();
    expect((await prune(100)).gone.map(({ kind, name }) => [kind, name])).toEqual([['unpacked', 'thing 1.0']]);
    expect(await readdir(join(place.uv, 'archive-v0'))).toEqual([]);
  });

  test('keeps what a run at work installs where a later run of the same key uses other files', async () => {
    await wheel('a', 3);
    await wheel('b', 2);
    const [first, second] = [await beginRun(root, Date.now() + 60_000), await beginRun(root, Date.now() + 60_000)];
    await first.uses(lockOf('a'));
    await second.uses(lockOf('b'));
    await second.remove();
    expect((await prune(0)).gone.map(({ name }) => name)).toEqual([]);
    await first.remove();
    expect((await prune(1000)).gone.map(({ name }) => name)).toEqual([filename('a')]);
  });

  test('does not keep what was unpacked of the same release for another Python', async () => {
    const place = unpackedIn(store.folders.own);
    const entries = join(place.uv, 'wheels-v8', 'index', 'x', 'a');
    mkdirSync(entries, { recursive: true });
    const old = new Date(Date.now() - day);
    for (const [id, letter] of [
      ['ourArchive-16-ch', 'a'],
      ['elseArchive-16-c', 'b'],
    ] as const) {
      await unpackTree(place, id, 'a-1.0', { 'x.py': letter });
      await recordTrees(place, [{ name: 'a', version: '1.0', sha256: sha(letter) }]);
      await utimes(join(place.manifests, `${id}.json`), old, old);
      writeFileSync(join(entries, `1.0-${letter}.http`), `\x93\xb0${id}\x91\x82\xa6sha256\xd9@${sha(letter)}\xa4name`);
    }
    await (await beginRun(root, Date.now() + 60_000)).uses(lockOf('a'));
    expect((await prune(0)).gone.map(({ path }) => path)).toEqual([join(place.uv, 'archive-v0', 'elseArchive-16-c')]);
  });

  test('keeps the unpacked files of what a run at work installs, however old they are by their dates', async () => {
    const place = unpackedIn(store.folders.own);
    const old = new Date(Date.now() - day);
    for (const name of ['a', 'b']) {
      await unpackTree(place, name, `${name}-1.0`, { 'x.py': name });
      await recordTrees(place, [{ name, version: '1.0', sha256: sha(name) }]);
      await utimes(join(place.manifests, `${name}.json`), old, old);
    }
    await (await beginRun(root, Date.now() + 60_000)).uses(lockOf('a'));
    expect((await prune(0)).gone.map(({ name }) => name)).toEqual(['b 1.0']);
  });

  test('keeps what came since a run began by the clock of the file system, which may be another one', async () => {
    const mark = await beginRun(root, Date.now() + 60_000);
    const at = (seconds: number) => new Date(Date.now() - 3600_000 + seconds * 1000);
    const [name = ''] = await readdir(join(root, 'running'));
    await utimes(join(root, 'running', name), at(0), at(0));
    for (const [letter, seconds] of [
      ['a', -1],
      ['b', 1],
    ] as const) {
      await wheel(letter, 0);
      await utimes((await store.find(sha(letter), filename(letter)))?.path ?? '', at(seconds), at(seconds));
    }
    expect((await prune(0)).gone.map((one) => one.name)).toEqual([filename('a')]);
    await mark.remove();
  });

  test('is not held up by a run that was killed', async () => {
    await wheel('a', 0);
    const gone = { ...(await markProcess(4_194_999)), startedMs: 0, untilMs: Date.now() + 60_000 };
    const late = { ...(await markProcess(process.pid)), startedMs: 0, untilMs: Date.now() - 1 };
    // A process of this number lives, and was started later.
    const reused = { ...gone, pid: process.pid, started: '1' };
    await writeFile(join(root, 'running', 'gone.json'), JSON.stringify(gone));
    await writeFile(join(root, 'running', 'reused.json'), JSON.stringify(reused));
    await writeFile(join(root, 'running', 'late.json'), JSON.stringify(late));
    expect((await prune(10)).gone).toHaveLength(1);
    expect(await readdir(join(root, 'running'))).toEqual([]);
  });

  test('loses what killed runs left after a day, and archives that uv no longer finds', async () => {
    const place = unpackedIn(store.folders.own);
    const old = new Date(Date.now() - 2 * day);
    for (const id of ['found', 'lost', 'young']) {
      const folder = await unpackTree(place, id, `${id}-1.0`, { 'x.py': id });
      if (id !== 'young') await utimes(folder, old, old);
    }
    mkdirSync(join(place.uv, 'wheels-v8', 'index', 'x', 'found'), { recursive: true });
    await symlink('../../../../archive-v0/found', join(place.uv, 'wheels-v8', 'index', 'x', 'found', '1.0'));
    for (const name of ['partial/old', 'partial/new', 'staging/old']) {
      mkdirSync(join(root, name), { recursive: true });
      await writeFile(join(root, name, 'data'), 'half');
      if (name.endsWith('old'))
        for (const at of [join(root, name, 'data'), join(root, name)]) await utimes(at, old, old);
    }
    expect((await prune(1e9)).gone).toEqual([]);
    expect((await readdir(join(place.uv, 'archive-v0'))).sort()).toEqual(['found', 'young']);
    expect([await readdir(join(root, 'partial')), await readdir(store.folders.staging)]).toEqual([['new'], []]);
  });

  test('passes over what somebody else put there, and leaves it', async () => {
    await wheel('a', 1);
    const strange = ['wheels/.DS_Store', 'wheels/aa/README', 'users/file', 'running/notes.txt', 'uses/notes.txt'];
    mkdirSync(join(root, 'wheels', 'aa'), { recursive: true });
    for (const name of strange) await writeFile(join(root, name), 'x');
    const folders = [
      `wheels/aa/${'a'.repeat(63)}b/folder.whl`,
      'wheels/aa/other/b',
      'uses/odd.json',
      'running/odd.json',
    ];
    for (const name of folders) mkdirSync(join(root, name), { recursive: true });
    expect((await prune(10)).gone.map(({ name }) => name)).toEqual([filename('a')]);
    for (const name of [...strange, ...folders]) expect([name, existsSync(join(root, name))]).toEqual([name, true]);
  });

  test('loses one file of a folder at a time: what lies beside a wheel goes without it', async () => {
    await wheel('a', 1);
    const folder = join(root, 'wheels', 'aa', sha('a'));
    await writeFile(join(folder, 'notes.txt'), 'x');
    const drop = async (name: string) => (await listWheels(root)).find((one) => one.name === name)?.drop();
    await drop('notes.txt');
    expect(await readdir(folder)).toEqual([filename('a')]);
    await drop(filename('a'));
    expect(existsSync(folder)).toBe(false);
  });
});
