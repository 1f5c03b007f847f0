import { lstat, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorCode, goneAsNull, strangeAsNull } from '../values/system-error.js';
import { stampTree, type Tree } from './tree.js';
import { dropTree, listTrees, manifestOf, readManifest, type Unpacked, unpackedIn } from './unpacked.js';
import { readUses, type Use } from './uses.js';

/** One thing that the store keeps and can do without. */
export interface Holding {
  readonly kind: 'wheel' | 'unpacked';
  /** File name of a wheel; name and version of what was unpacked. */
  readonly name: string;
  /** User (uid) whose unpacked files these are; null for a wheel, which all share. */
  readonly user: string | null;
  readonly path: string;
  readonly bytes: number;
  /** ms since the epoch. */
  readonly lastUsedMs: number;
  /** Keys whose lock names it. */
  readonly keys: readonly string[];
  /** Whether it is one of these wheels (`<sha256>/<filename>`), or may have been unpacked from one. */
  isOf(wheels: ReadonlySet<string>): boolean;
  /** Takes it away. */
  drop(): Promise<void>;
}

/** A wheel in the store, as `verify` needs it. */
export interface HeldWheel extends Holding {
  readonly kind: 'wheel';
  readonly sha256: string;
}

/** An unpacked wheel, as `verify` needs it. */
export interface HeldTree extends Holding {
  readonly kind: 'unpacked';
  readonly place: Unpacked;
  readonly id: string;
}

/** Entries of a folder; none where it is gone, closed to this user or no folder. */
async function entries(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(strangeAsNull)) ?? [];
}

/** Every wheel. It was last used when a key that names it was, or when it arrived. */
export async function listWheels(root: string): Promise<readonly HeldWheel[]> {
  const uses = await readUses(root);
  const wheels: HeldWheel[] = [];
  for (const start of await entries(join(root, 'wheels'))) {
    const names = await entries(join(root, 'wheels', start));
    for (const sha256 of names.filter((name) => /^[0-9a-f]{64}$/.test(name))) {
      for (const name of await entries(join(root, 'wheels', start, sha256))) {
        const held = await wheelAt(join(root, 'wheels', start, sha256, name), sha256, name, uses).catch(strangeAsNull);
        if (held !== null) wheels.push(held);
      }
    }
  }
  return wheels;
}

async function wheelAt(path: string, sha256: string, name: string, uses: readonly Use[]): Promise<HeldWheel | null> {
  const found = await lstat(path);
  if (!found.isFile()) return null;
  const { size, mtimeMs } = found;
  const isOf = (wheels: ReadonlySet<string>): boolean => wheels.has(`${sha256}/${name}`);
  const by = uses.filter(({ wheels }) => isOf(wheels));
  const lastUsedMs = Math.max(mtimeMs, ...by.map((use) => use.lastUsedMs));
  const drop = async (): Promise<void> => {
    await rm(path, { force: true });
    await rmdir(dirname(path)).catch((error: unknown) => {
      // What somebody put beside it stays; another process may have been first.
      if (!['ENOTEMPTY', 'ENOENT'].includes(errorCode(error) ?? '')) throw error;
    });
  };
  const keys = by.map(({ key }) => key).sort();
  return { kind: 'wheel', name, user: null, path, bytes: size, lastUsedMs, keys, isOf, drop, sha256 };
}

/** Where unpacked files may be: those of every user of the store that this one can read (root reads all), and this user's other place. */
export async function placesIn(root: string, spare: string): Promise<readonly Unpacked[]> {
  const users = (await entries(join(root, 'users'))).map((user) => join(root, 'users', user));
  return [...new Set([...users, spare])].map(unpackedIn);
}

/** Every unpacked wheel of a place; its keys are those of its wheel, or of any of that name and version where uv's cache does not tell which it is. */
export async function listUnpacked(place: Unpacked, wheels: readonly HeldWheel[]): Promise<readonly HeldTree[]> {
  const trees = (await entries(place.uv)).length === 0 ? [] : await listTrees(place);
  const held = await Promise.all(trees.map((tree) => treeAt(place, tree, wheels).catch(strangeAsNull)));
  return held.filter((one) => one !== null);
}

async function treeAt(
  place: Unpacked,
  { id, folder, name, version, wheels: unpackedFrom }: Tree,
  wheels: readonly HeldWheel[],
): Promise<HeldTree> {
  const manifest = await readManifest(place, id);
  const bytes = manifest?.bytes ?? stampTree(folder).bytes;
  const used = (await stat(manifestOf(place, id)).catch(goneAsNull)) ?? (await stat(folder));
  const plain = (text: string): string => text.toLowerCase().replaceAll('.', '_');
  const start = plain(`${name.replaceAll('-', '_')}-${version}-`);
  const isFrom = (sha256: string, filename: string): boolean =>
    unpackedFrom.size > 0 ? unpackedFrom.has(sha256) : plain(filename).startsWith(start);
  const from = wheels.filter((wheel) => isFrom(wheel.sha256, wheel.name));
  return {
    kind: 'unpacked',
    name: `${name} ${version}`,
    user: /^.*[\\/]users[\\/]([^\\/]+)/.exec(place.uv)?.[1] ?? null,
    path: folder,
    bytes,
    lastUsedMs: used.mtimeMs,
    keys: [...new Set(from.flatMap(({ keys }) => keys))].sort(),
    isOf: (those) => [...those].some((wheel) => isFrom(dirname(wheel), basename(wheel))),
    drop: () => dropTree(place, id),
    place,
    id,
  };
}
