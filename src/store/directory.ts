import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Failure } from '../values/failure.js';
import type { StoredFile } from '../values/gateway.js';
import { type Store, WrongBytes } from '../values/store.js';
import { errorCode } from '../values/system-error.js';
import { explainFull, fileSize, freeBytes, readKept, writeAtomic } from './atomic.js';
import { openPartial } from './partial.js';

/** Bytes read from the disk at a time. */
const PIECE = 2 ** 18;

/** A store in a folder of this machine. */
export type DirectoryStore = Store;

/**
 * Opens (and makes) the store at `root`: `wheels/<aa>/<sha256>/<filename>`, `locks/<key>/pylock.toml`, `tools/`, `uv/`, `kept/`,
 * `metadata/`, `partial/`, `staging/`. Throws Failure (2) naming `cache-path` when the folder can't be made or written.
 */
export async function openDirectoryStore(root: string): Promise<DirectoryStore> {
  const at = (...names: string[]): string => join(resolve(root), ...names);
  await prepare(resolve(root));
  const blob = (sha256: string, filename: string): string =>
    at('wheels', sha256.slice(0, 2), plain(sha256), plain(filename));
  const metadata = (sha256: string): string => at('metadata', sha256.slice(0, 2), plain(sha256));

  const drop = async (file: StoredFile): Promise<void> => {
    await rm(file.path, { force: true });
  };

  return {
    root: resolve(root),
    folders: { wheels: at('wheels'), tools: at('tools'), uv: at('uv'), locks: at('locks'), staging: at('staging') },
    find: async (sha256, filename) => {
      const path = blob(sha256, filename);
      const size = await fileSize(path);
      return size === null ? null : { path, sha256, size };
    },
    read: (file, from, signal) => readChecked(file, from, signal, drop),
    check: async (file) => {
      const right = (await hashFile(file.path)) === file.sha256;
      if (!right) {
        await drop(file);
      }
      return right;
    },
    admit: async (path, { sha256, filename }, proof) => {
      if (proof === 'unchecked') {
        const actual = await hashFile(path);
        if (actual !== sha256) {
          throw new WrongBytes(filename, sha256, actual);
        }
      }
      const target = blob(sha256, filename);
      await mkdir(dirname(target), { recursive: true });
      await flush(path);
      await chmod(path, 0o444);
      await rename(path, target);
      return { path: target, sha256, size: (await fileSize(target)) ?? 0 };
    },
    drop,
    readLock: (key) => readKept(at('locks', plain(key), 'pylock.toml')),
    writeLock: async (key, text) => {
      const path = at('locks', plain(key), 'pylock.toml');
      await mkdir(dirname(path), { recursive: true });
      await writeAtomic(path, text);
      return path;
    },
    readFact: async (name) => {
      const kept = await readKept(at('kept', `${plain(name)}.json`));
      try {
        return kept === null ? null : { value: JSON.parse(kept.value) as unknown, ageMs: kept.ageMs };
      } catch {
        // A damaged fact is a missing one: it is measured again.
        return null;
      }
    },
    writeFact: (name, value) => writeAtomic(at('kept', `${plain(name)}.json`), JSON.stringify(value)),
    readMetadata: async (sha256) => {
      const size = await fileSize(metadata(sha256));
      return size === null ? null : openSealed(await readFile(metadata(sha256)));
    },
    writeMetadata: async (sha256, text) => {
      await mkdir(dirname(metadata(sha256)), { recursive: true });
      await writeAtomic(metadata(sha256), Buffer.concat([createHash('sha256').update(text).digest(), text]));
    },
    partial: (key) => openPartial(at('partial', plain(key))),
    free: () => freeBytes(resolve(root)),
    explain: (error, needed) => explainFull(error, resolve(root), needed),
  };
}

/** Makes a folder and those above it. Node's own recursive `mkdir` tries for ever where a folder can hold none (`/proc`). */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') {
      return;
    }
    if (errorCode(error) !== 'ENOENT' || existsSync(dirname(folder))) {
      throw error;
    }
    await makeFolder(dirname(folder));
    await makeFolder(folder);
  }
}

async function prepare(root: string): Promise<void> {
  try {
    await makeFolder(resolve(root));
    for (const name of ['wheels', 'locks', 'tools', 'uv', 'kept', 'metadata', 'partial', 'staging']) {
      await mkdir(join(root, name), { recursive: true });
    }
    await writeAtomic(join(root, 'kept', 'store.json'), '{"layout":1}');
  } catch (error) {
    if (error instanceof Failure) {
      throw error;
    }
    const problem = {
      where: 'cache-path',
      what: `The cache folder ${root} can't be written (${errorCode(error) ?? String(error)}).`,
      remedy: 'Name a folder that this user may write, or set `cache: off`.',
    };
    throw new Failure(2, [problem], { cause: error });
  }
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
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(PIECE), 0, PIECE, position);
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

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(PIECE * 4);
    for (let position = 0; ; ) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) {
        return hash.digest('hex');
      }
      hash.update(buffer.subarray(0, bytesRead));
      position += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** The text behind its own digest, or null where they don't match. */
function openSealed(sealed: Buffer): Uint8Array | null {
  const text = sealed.subarray(32);
  return sealed.length > 32 && createHash('sha256').update(text).digest().equals(sealed.subarray(0, 32)) ? text : null;
}
