import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { access, chmod, constants, lstat, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { inDiskTurn } from '../process/disk-turns.js';
import { Failure } from '../values/failure.js';
import type { StoredFile } from '../values/gateway.js';
import { type Store, WrongBytes } from '../values/store.js';
import { errorCode, goneAsNull } from '../values/system-error.js';
import { explainWrite, fileSize, freeBytes, readKept, writeAtomic } from './atomic.js';
import { hashFile } from './hash.js';
import { openPartial } from './partial.js';
import { isForeign, isShared, makeFolder, userName } from './sharing.js';

/** Bytes read from the disk at a time. */
const PIECE = 2 ** 18;

/** Folders that all users of a store have in common. */
const COMMON = ['wheels', 'locks', 'kept', 'metadata', 'partial', 'staging', 'users', 'running', 'uses'];

/**
 * Opens (and makes) the store at `root`: `wheels/<aa>/<sha256>/<filename>`, `locks/<key>/pylock.toml`, `users/<uid>/` (what is one user's
 * alone), `kept/`, `metadata/`, `partial/`, `staging/`, `running/` and `uses/`. A set-gid folder that its group may write is shared by the
 * group. Throws Failure (2) naming `cache-path` when the folder can't be made or written.
 */
export async function openDirectoryStore(root: string): Promise<Store> {
  const at = (...names: string[]): string => join(resolve(root), ...names);
  const shared = await prepare(resolve(root));
  const own = at('users', userName());
  const blob = (sha256: string, filename: string): string =>
    at('wheels', sha256.slice(0, 2), plain(sha256), plain(filename));
  const metadata = (sha256: string): string => at('metadata', sha256.slice(0, 2), plain(sha256));

  const believed = (key: string): string => join(own, 'locks', `${plain(key)}.toml`);

  /** What the file system says of another user's folders, as what it means. */
  const writing = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw await explainWrite(error, resolve(root), 0);
    }
  };

  const drop = async (file: StoredFile): Promise<void> => {
    await rm(file.path, { force: true });
  };

  return {
    root: resolve(root),
    folders: { wheels: at('wheels'), own, tools: join(own, 'tools'), locks: at('locks'), staging: at('staging') },
    find: async (sha256, filename) => {
      const path = blob(sha256, filename);
      const size = await fileSize(path);
      return size === null ? null : { path, sha256, size };
    },
    read: (file, from, signal) => readChecked(file, from, signal, drop),
    check: async (file) => {
      const right = (await hashFile(file.path, 'hex')) === file.sha256;
      if (!right) {
        await drop(file);
      }
      return right;
    },
    admit: (path, { sha256, filename }, proof) =>
      writing(async () => {
        if (proof === 'unchecked') {
          const actual = await hashFile(path, 'hex');
          if (actual !== sha256) {
            throw new WrongBytes(filename, sha256, actual);
          }
        }
        const target = blob(sha256, filename);
        await makeFolder(dirname(target), shared);
        await flush(path);
        await rename(path, target);
        // Last: where the file can't be moved, a later run still has to write to it.
        await chmod(target, 0o444);
        return { path: target, sha256, size: (await fileSize(target)) ?? 0 };
      }),
    drop,
    readLock: async (key) => {
      const kept = await readKept(at('locks', plain(key), 'pylock.toml'));
      if (kept?.foreign !== true) return kept;
      const known = await readKept(believed(key));
      return { ...kept, foreign: known?.value !== kept.value };
    },
    writeLock: (key, text) =>
      writing(async () => {
        const path = at('locks', plain(key), 'pylock.toml');
        // Another user's lock is checked once by each user: this is the text that this one has used.
        if (shared) {
          await makeFolder(dirname(believed(key)), false);
          await writeAtomic(believed(key), text, { shared: false });
        }
        // The same text stays as it is, with its owner: who confirmed another user's lock did not make it.
        if ((await readKept(path))?.value !== text) {
          await makeFolder(dirname(path), shared);
          await writeAtomic(path, text, { shared });
        }
        return path;
      }),
    readFact: async (name) => {
      const kept = await readKept(at('kept', `${plain(name)}.json`));
      try {
        return kept === null ? null : { ...kept, value: JSON.parse(kept.value) as unknown };
      } catch {
        // A damaged fact is a missing one: it is measured again.
        return null;
      }
    },
    writeFact: (name, value) => writeAtomic(at('kept', `${plain(name)}.json`), JSON.stringify(value), { shared }),
    readMetadata: async (sha256) => {
      const path = metadata(sha256);
      // The seal is no secret: another user could have made it for other text.
      return (await fileSize(path)) === null || isForeign(await stat(path)) ? null : openSealed(await readFile(path));
    },
    writeMetadata: (sha256, text) =>
      writing(async () => {
        await makeFolder(dirname(metadata(sha256)), shared);
        await writeAtomic(metadata(sha256), Buffer.concat([createHash('sha256').update(text).digest(), text]), {
          shared,
        });
      }),
    partial: (key) => writing(() => openPartial(at('partial', plain(key)), shared)),
    partialWritten: async (key) => {
      const found = await stat(at('partial', plain(key), 'data')).catch(goneAsNull);
      return found?.mtimeMs ?? null;
    },
    free: () => freeBytes(resolve(root)),
    explain: (error, needed) => explainWrite(error, resolve(root), needed),
  };
}

/** Makes a folder and those above it. Node's own recursive `mkdir` tries for ever where a folder can hold none (`/proc`). */
async function makeRoot(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') {
      return;
    }
    if (errorCode(error) !== 'ENOENT' || existsSync(dirname(folder))) {
      throw error;
    }
    await makeRoot(dirname(folder));
    await makeRoot(folder);
  }
}

/** Makes what is missing; whether the store is shared by a group. */
async function prepare(root: string): Promise<boolean> {
  try {
    await makeRoot(root);
    const shared = await isShared(root);
    for (const name of COMMON) {
      await makeFolder(join(root, name), shared);
    }
    await openOwn(join(root, 'users'), shared);
    await access(join(root, 'staging'), constants.W_OK);
    return shared;
  } catch (error) {
    const problem = {
      where: 'cache-path',
      what: `The cache folder ${root} can't be written (${errorCode(error) ?? String(error)}).`,
      remedy:
        'Name a folder that this user may write, or set `cache: off`. Users of one group share a folder after `chgrp GROUP` and `chmod 2775`.',
    };
    throw new Failure(2, [problem], { cause: error });
  }
}

/** Unpacked files and programs are linked and run as they are, so each user has a folder for them where nobody else can write. */
async function openOwn(users: string, shared: boolean): Promise<void> {
  const own = join(users, userName());
  const made = await mkdir(own, { recursive: true, mode: 0o700 });
  if (made !== undefined && shared) {
    // Sticky (chmod(2)): the group may add folders here and not move another one's away. Only the owner can and has to say so.
    await chmod(users, 0o3775).catch(notOursAsNull);
  }
  const found = await lstat(own);
  if (!found.isDirectory() || isForeign(found)) {
    throw new Error(`${own} is not this user's alone`);
  }
}

function notOursAsNull(error: unknown): null {
  if (errorCode(error) === 'EPERM') {
    return null;
  }
  throw error;
}

/** A name that stays inside its folder. Throws TypeError on anything else: callers hand over checked names. */
function plain(name: string): string {
  if (!/^[A-Za-z0-9_][A-Za-z0-9._+!-]{0,254}$/.test(name)) {
    throw new TypeError(`not a plain name: ${JSON.stringify(name)}`);
  }
  return name;
}

async function* readChecked(
  file: StoredFile,
  from: number,
  signal: AbortSignal,
  drop: (file: StoredFile) => Promise<void>,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  const handle = await open(file.path, 'r');
  try {
    let position = 0;
    let held: Uint8Array | null = null;
    for (;;) {
      signal.throwIfAborted();
      const at = position;
      const { bytesRead, buffer } = await inDiskTurn('bytes', () =>
        handle.read(Buffer.allocUnsafe(PIECE), 0, PIECE, at),
      );
      if (bytesRead === 0) {
        break;
      }
      const piece = buffer.subarray(0, bytesRead);
      hash.update(piece);
      if (held !== null) {
        yield held;
      }
      held = position + bytesRead > from ? piece.subarray(Math.max(0, from - position)) : null;
      position += bytesRead;
    }
    const actual = hash.digest('hex');
    if (actual !== file.sha256) {
      await drop(file);
      throw new WrongBytes(file.path, file.sha256, actual);
    }
    if (held !== null) {
      yield held;
    }
  } finally {
    await handle.close();
  }
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await inDiskTurn('flush', () => handle.datasync());
  } finally {
    await handle.close();
  }
}

/** The text behind its own digest, or null where they don't match. */
function openSealed(sealed: Buffer): Uint8Array | null {
  const text = sealed.subarray(32);
  return sealed.length > 32 && createHash('sha256').update(text).digest().equals(sealed.subarray(0, 32)) ? text : null;
}
