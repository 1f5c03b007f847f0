import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openDirectoryStore } from '../../src/store/directory.js';
import { Failure } from '../../src/values/failure.js';
import { DiskFull, NotWritable, type Store, WrongBytes } from '../../src/values/store.js';
import { deadToken } from '../support/dead.js';
import { asAnother } from './another-user.js';

const never = new AbortController().signal;
const filename = 'thing-1.0-py3-none-any.whl';
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const bytes = Buffer.alloc(700_000, 'wheel');
let root = '';
let store: Store;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'store-'));
  store = await openDirectoryStore(root);
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function staged(content: Buffer): Promise<string> {
  const path = join(store.folders.staging, 'incoming');
  await writeFile(path, content);
  return path;
}
async function everything(from: number): Promise<Buffer> {
  const stored = await store.find(sha256(bytes), filename);
  if (stored === null) {
    throw new Error('not in the store');
  }
  const pieces: Uint8Array[] = [];
  for await (const piece of store.read(stored, from, never)) {
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

describe('a file in the store', () => {
  test('lies under its hash, is read-only, and is moved there, not copied', async () => {
    const path = await staged(bytes);
    const stored = await store.admit(path, { sha256: sha256(bytes), filename }, 'unchecked');
    expect(stored.path).toBe(join(root, 'wheels', sha256(bytes).slice(0, 2), sha256(bytes), filename));
    expect((await stat(stored.path)).mode & 0o777).toBe(0o444);
    await expect(stat(path)).rejects.toThrow();
    expect(await store.find(sha256(bytes), filename)).toEqual(stored);
    expect(await store.find(sha256(bytes), 'other-1.0-py3-none-any.whl')).toBeNull();
  });

  test('does not enter with another hash', async () => {
    const path = await staged(bytes);
    const other = sha256(Buffer.from('other'));
    await expect(store.admit(path, { sha256: other, filename }, 'unchecked')).rejects.toBeInstanceOf(WrongBytes);
    expect(await store.find(other, filename)).toBeNull();
  });

  test('is read from any position', async () => {
    await store.admit(await staged(bytes), { sha256: sha256(bytes), filename }, 'hashed');
    expect((await everything(0)).equals(bytes)).toBe(true);
    expect((await everything(600_001)).equals(bytes.subarray(600_001))).toBe(true);
    expect(await everything(bytes.length)).toHaveLength(0);
  });

  test('that has rotted is never handed out to its end, and is dropped', async () => {
    const stored = await store.admit(await staged(bytes), { sha256: sha256(bytes), filename }, 'hashed');
    await chmod(stored.path, 0o644);
    await writeFile(stored.path, Buffer.concat([bytes.subarray(0, 100), Buffer.from('!'), bytes.subarray(101)]));
    const pieces: Uint8Array[] = [];
    const reading = (async () => {
      for await (const piece of store.read(stored, 0, never)) {
        pieces.push(piece);
      }
    })();
    await expect(reading).rejects.toBeInstanceOf(WrongBytes);
    expect(Buffer.concat(pieces).length).toBeLessThan(bytes.length);
    expect(await store.find(stored.sha256, filename)).toBeNull();
  });

  test('is checked on demand: a right one stays, a rotten one is dropped', async () => {
    const stored = await store.admit(await staged(bytes), { sha256: sha256(bytes), filename }, 'hashed');
    expect(await store.check(stored)).toBe(true);
    await chmod(stored.path, 0o644);
    await writeFile(stored.path, 'rotten');
    expect(await store.check(stored)).toBe(false);
    expect(await store.find(stored.sha256, filename)).toBeNull();
  });

  test('cannot be asked for by a name that leaves its folder', async () => {
    await expect(store.find(sha256(bytes), '../../locks')).rejects.toThrow(TypeError);
    await expect(store.find('..', filename)).rejects.toThrow(TypeError);
  });
});

describe('what is kept beside the files', () => {
  test('locks come back as written, with their age', async () => {
    expect(await store.readLock('key-1')).toBeNull();
    const path = await store.writeLock('key-1', 'lock-version = "1.0"\n');
    expect(path).toBe(join(root, 'locks', 'key-1', 'pylock.toml'));
    const kept = await store.readLock('key-1');
    expect(kept?.value).toBe('lock-version = "1.0"\n');
    expect(kept?.ageMs).toBeLessThan(60_000);
  });

  test('facts come back as written; a damaged one is a missing one', async () => {
    await store.writeFact('probe', { fastest: 'a' });
    expect((await store.readFact('probe'))?.value).toEqual({ fastest: 'a' });
    await writeFile(join(root, 'kept', 'probe.json'), '{"fast');
    expect(await store.readFact('probe')).toBeNull();
  });

  test('metadata comes back as written; a damaged one is a missing one', async () => {
    const key = sha256(bytes);
    await store.writeMetadata(key, Buffer.from('Name: thing\n'));
    expect(Buffer.from((await store.readMetadata(key)) ?? []).toString()).toBe('Name: thing\n');
    const path = join(root, 'metadata', key.slice(0, 2), key);
    await writeFile(path, `${await readFile(path, 'latin1')}Requires-Dist: evil\n`, 'latin1');
    expect(await store.readMetadata(key)).toBeNull();
  });

  test('many writers of one lock leave one whole lock and nothing half-written', async () => {
    const texts = Array.from({ length: 20 }, (_, i) => `${i}`.repeat(10_000));
    await Promise.all(texts.map((text) => store.writeLock('key', text)));
    expect(texts).toContain((await store.readLock('key'))?.value);
    expect(await readdir(join(root, 'locks', 'key'))).toEqual(['pylock.toml']);
  });
});

describe('the place of an unfinished file', () => {
  test('is had by one at a time, and goes away whole, however many come and go', async () => {
    let holders = 0;
    let had = 0;
    const comeAndGo = async (): Promise<void> => {
      for (let turn = 0; turn < 40; turn += 1) {
        const place = await store.partial('busy');
        if (place === null) continue;
        had += 1;
        holders += 1;
        expect(holders).toBe(1);
        place.note({ turn });
        expect((await readFile(place.path)).length).toBe(0);
        holders -= 1;
        await place.discard();
      }
    };
    await Promise.all(Array.from({ length: 8 }, comeAndGo));
    expect(had).toBeGreaterThan(0);
    expect(await readdir(join(root, 'partial'))).toEqual([]);
  });

  test('is held by one at a time and keeps bytes and record for the next', async () => {
    const first = await store.partial('one');
    expect(first?.notes).toEqual([]);
    expect(await store.partial('one')).toBeNull();
    await writeFile(first?.path ?? '', 'bytes');
    first?.note({ size: 9 });
    first?.note([0, 5]);
    await first?.release();
    const second = await store.partial('one');
    expect(second?.notes).toEqual([{ size: 9 }, [0, 5]]);
    expect(await readFile(second?.path ?? '', 'utf8')).toBe('bytes');
    await second?.discard();
    expect((await store.partial('one'))?.notes).toEqual([]);
  });

  test('is taken over from a process that has died', async () => {
    const first = await store.partial('one');
    first?.note([0, 5]);
    await writeFile(join(root, 'partial', 'one', 'lock'), await deadToken());
    expect((await store.partial('one'))?.notes).toEqual([[0, 5]]);
    // The dead one's hand comes too late.
    await first?.discard();
    expect(await readdir(join(root, 'partial', 'one'))).toContain('data');
  });

  test('is free again where it could not be made ready', async () => {
    const notes = join(root, 'partial', 'one', 'notes.jsonl');
    await mkdir(notes, { recursive: true });
    await expect(store.partial('one')).rejects.toThrow();
    await rm(notes, { recursive: true });
    expect(await store.partial('one')).not.toBeNull();
  });

  test.each(['data', 'notes.jsonl'])('is begun anew where another user could have written its %s', async (name) => {
    const first = await store.partial('one');
    await writeFile(first?.path ?? '', 'bytes');
    first?.note([0, 5]);
    await first?.release();
    // As a file of another user's is: its mode lets others write.
    await chmod(join(root, 'partial', 'one', name), 0o666);
    const second = await store.partial('one');
    expect(second?.notes).toEqual([]);
    expect(await readFile(second?.path ?? '', 'utf8')).toBe('');
  });

  test('is begun anew where its notes are a link to others', async () => {
    for (const name of ['one', 'two']) {
      const place = await store.partial(name);
      place?.note({ name });
      await place?.release();
    }
    await rm(join(root, 'partial', 'one', 'notes.jsonl'));
    await symlink(join(root, 'partial', 'two', 'notes.jsonl'), join(root, 'partial', 'one', 'notes.jsonl'));
    expect((await store.partial('one'))?.notes).toEqual([]);
    expect((await store.partial('two'))?.notes).toEqual([{ name: 'two' }]);
  });

  test('goes on with what was noted before a half-written note, and starts over where there is nothing else', async () => {
    const notes = join(root, 'partial', 'one', 'notes.jsonl');
    const first = await store.partial('one');
    await writeFile(first?.path ?? '', 'bytes');
    await first?.release();
    await writeFile(notes, '{"size":9}\n[0,4]\n[4,');
    const second = await store.partial('one');
    expect(second?.notes).toEqual([{ size: 9 }, [0, 4]]);
    second?.note([4, 5]);
    await second?.release();
    expect((await readFile(notes, 'utf8')).split('\n')).toEqual(['{"size":9}', '[0,4]', '[4,5]', '']);
    await writeFile(notes, '{"version":1,"si');
    const third = await store.partial('one');
    expect(third?.notes).toEqual([]);
    expect(await readFile(third?.path ?? '', 'utf8')).toBe('');
  });
});

describe('a store that can not work', () => {
  test('says which input is wrong when its folder is a file', async () => {
    await writeFile(join(root, 'file'), '');
    const failure = await openDirectoryStore(join(root, 'file')).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ exitCode: 2, problems: [{ where: 'cache-path' }] });
  });

  test('says so where another user wrote in it, root in a container most of all', async () => {
    const place = await store.partial('begun');
    await place?.release();
    const path = await staged(bytes);
    const folders = ['wheels', 'locks', 'metadata', 'partial', 'partial/begun', 'kept'].map((name) => join(root, name));
    await asAnother(root, folders, async () => {
      for (const writing of [
        () => store.admit(path, { sha256: sha256(bytes), filename }, 'hashed'),
        () => store.writeLock('key', 'text'),
        () => store.writeMetadata(sha256(bytes), bytes),
        () => store.partial('one'),
        () => store.partial('begun'),
        () => store.writeFact('fact', 1),
      ]) {
        const failure = await writing().catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(NotWritable);
        expect(failure).toMatchObject({ exitCode: 1, message: expect.stringMatching(/EACCES.*chown -R.*cache-path/) });
      }
    });
  });

  test('leaves a file that could not be moved in such that a later run can go on with it', async () => {
    const place = await store.partial('one');
    await writeFile(place?.path ?? '', bytes);
    const target = join(root, 'wheels', sha256(bytes).slice(0, 2), sha256(bytes));
    await mkdir(join(target, filename, 'in the way'), { recursive: true });
    await expect(store.admit(place?.path ?? '', { sha256: sha256(bytes), filename }, 'hashed')).rejects.toThrow();
    expect((await stat(place?.path ?? '')).mode & 0o200).toBe(0o200);
  });

  test('says on a full disk what is needed and what is free', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    expect(await store.explain(full, 5 * 2 ** 20)).toMatchObject({ exitCode: 1, cause: full });
    expect(new DiskFull('/cache', 5 * 2 ** 20, 2 ** 20).message).toBe(
      '/cache: The disk is full: 5.0 MiB are needed, 1.0 MiB are free. Free some space, or set `cache-path` to a folder on a larger disk.',
    );
  });
});
