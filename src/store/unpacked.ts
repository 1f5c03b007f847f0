import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compareVersions, isVersion } from '../packaging/version.js';
import type { LockedFile } from '../values/lock.js';
import { goneAsNull, strangeAsNull } from '../values/system-error.js';
import { writeAtomic } from './atomic.js';
import { makeOnce } from './lock-file.js';
import { pointersIn, wheelsOfArchive } from './pointers.js';
import {
  firstDifference,
  formatManifest,
  judgeByRecord,
  type Manifest,
  parseManifest,
  readTree,
  stampTree,
  type Tree,
} from './tree.js';

/** Ends the name of what says that a tree is out of use; its mtime says since when. */
const RETIRED = '.retired';

/** One user's unpacked wheels on one file system. */
export interface Unpacked {
  /** uv's cache; its `archive-v0/<id>/` are the trees that uv links into environments. */
  readonly uv: string;
  /** `<id>.json`: what each tree was like when it was unpacked. Its mtime says when the tree was last used. */
  readonly manifests: string;
}

/** A tree that was not what its wheel holds. */
export interface AlteredTree {
  /** Normalised name of the package. */
  readonly name: string;
  /** The first path that differed. */
  readonly path: string;
}

/** The first path of a tree that is not as it should be; null where all are. */
interface Verdict {
  readonly path: string | null;
}

/** Paths of one user's unpacked wheels; `users` is the store's folder for what belongs to one user alone. */
export function unpackedIn(users: string): Unpacked {
  return { uv: join(users, 'uv'), manifests: join(users, 'manifests') };
}

/** Every tree that is there and in use, by its archive's folder. */
export async function listTrees(place: Unpacked): Promise<readonly Tree[]> {
  const archives = join(place.uv, 'archive-v0');
  const [ids, retired] = [await namesIn(archives), await listRetired(place)];
  const used = ids.filter((id) => !retired.has(id));
  const pointers = used.length === 0 ? [] : await pointersIn(place.uv);
  const trees = await Promise.all(
    used.map(async (id): Promise<Tree | null> => {
      const tree = await readTree(join(archives, id), id).catch(strangeAsNull);
      return tree === null ? null : { ...tree, wheels: wheelsOfArchive(id, pointers) };
    }),
  );
  return trees.filter((tree) => tree !== null);
}

/** What tells the trees of a locked file. */
type Unpackable = Pick<LockedFile, 'name' | 'version' | 'sha256'>;

/** The trees that a lock's files are linked from, and those of the same name and version of which uv's cache does not tell the wheel. */
async function treesOf(place: Unpacked, files: readonly Unpackable[]): Promise<Tree[]> {
  const wanted = new Map(files.map((file) => [file.name, file]));
  return (await listTrees(place)).filter(({ name, version, wheels }) => {
    const file = wanted.get(name);
    return file !== undefined && isSame(version, file.version) && (wheels.size === 0 || wheels.has(file.sha256));
  });
}

/** A lock may write `1.0.0` where the wheel writes `1.0`. */
function isSame(version: string, wanted: string): boolean {
  const comparable = isVersion(version) && isVersion(wanted);
  return version === wanted || (comparable && compareVersions(version, wanted) === 0);
}

/**
 * Looks at the trees of a lock before they are linked again: uv links, so an environment and the cache may share one file, and a job that
 * edits it in place edits both. A tree that differs from its manifest is dropped, and uv unpacks the hashed wheel again; one without a
 * manifest (its run was killed, or is at work) is hashed against its RECORD, and then has one. `others`: when the oldest of the other runs that are at work began (ms since
 * the epoch; Infinity where none is): what one of them may be linking from is taken away after its end.
 */
export async function guardTrees(
  place: Unpacked,
  files: readonly Unpackable[],
  others: () => Promise<number>,
  signal: AbortSignal,
): Promise<readonly AlteredTree[]> {
  const altered: AlteredTree[] = [];
  await removeRetired(place, others);
  for (const tree of await treesOf(place, files)) {
    signal.throwIfAborted();
    const { path } = (await judge(place, tree, signal).catch(goneAsNull)) ?? { path: null };
    if (path !== null) {
      await ((await others()) === Number.POSITIVE_INFINITY ? dropTree(place, tree.id) : retireTree(place, tree.id));
      altered.push({ name: tree.name, path });
    }
  }
  return altered;
}

function judge(place: Unpacked, tree: Tree, signal: AbortSignal): Promise<Verdict> {
  const judgeByBytes = async (): Promise<Verdict> => {
    const { stamps, bytes } = stampTree(tree.folder);
    const path = await judgeByRecord(tree.folder, () => undefined, signal);
    if (path === null) await keepManifest(place, tree.id, { ...tree, stamps, bytes });
    return { path };
  };
  // Dozens of jobs may find a tree that one of them has just unpacked: it is hashed once for all of them.
  return makeOnce(join(place.manifests, 'judging.lock'), signal, () => judgeByManifest(place, tree), judgeByBytes);
}

/** Undefined where the tree has no manifest. */
async function judgeByManifest(place: Unpacked, tree: Tree): Promise<Verdict | undefined> {
  const kept = await readManifest(place, tree.id);
  if (kept === null) return undefined;
  const now = new Date();
  await utimes(manifestOf(place, tree.id), now, now);
  return { path: firstDifference(kept.stamps, stampTree(tree.folder).stamps) };
}

function keepManifest(place: Unpacked, id: string, manifest: Manifest): Promise<void> {
  return writeAtomic(manifestOf(place, id), formatManifest(manifest), { flushed: false });
}

/** The first path of a tree that is not as its manifest and its wheel's RECORD say, every file hashed; null where all are. */
export async function judgeTree(
  place: Unpacked,
  tree: Pick<Tree, 'id' | 'folder'>,
  progress: (bytes: number) => void,
  signal: AbortSignal,
): Promise<string | null> {
  const kept = await readManifest(place, tree.id);
  const differs = kept === null ? null : firstDifference(kept.stamps, stampTree(tree.folder).stamps);
  return differs ?? judgeByRecord(tree.folder, progress, signal);
}

/**
 * Keeps what the trees of a lock are like now. Called before any step of a job can have touched them: whoever links a tree first keeps its
 * manifest before it ends, so the one that is there stays. Gives whether there was a new one.
 */
export async function recordTrees(place: Unpacked, files: readonly Unpackable[]): Promise<boolean> {
  await mkdir(place.manifests, { recursive: true });
  const known = new Set(await namesIn(place.manifests));
  const fresh = (await treesOf(place, files)).filter(({ id }) => !known.has(`${id}.json`));
  for (const { name, version, folder, id } of fresh) {
    await keepManifest(place, id, { name, version, ...stampTree(folder) });
  }
  return fresh.length > 0;
}

/** Takes a tree away, whole and at once; nobody may be linking from it. */
export async function dropTree(place: Unpacked, id: string): Promise<void> {
  const away = join(place.manifests, `dropped-${randomBytes(6).toString('hex')}`);
  await mkdir(place.manifests, { recursive: true });
  await rename(join(place.uv, 'archive-v0', id), away).catch(goneAsNull);
  await rm(manifestOf(place, id), { force: true });
  await rm(away, { recursive: true, force: true });
}

/**
 * Takes a tree out of use where other runs may be linking from it: uv does not find it any more and unpacks its wheel anew, while its files
 * stay where they are.
 */
export async function retireTree(place: Unpacked, id: string): Promise<void> {
  await mkdir(place.manifests, { recursive: true });
  await writeFile(join(place.manifests, id + RETIRED), '');
  for (const { path, text } of await pointersIn(place.uv)) {
    if (text.includes(id)) await rm(path, { force: true });
  }
  await rm(manifestOf(place, id), { force: true });
}

/** When each tree that was taken out of use was (ms since the epoch), by its archive. */
export async function listRetired({ manifests }: Unpacked): Promise<ReadonlyMap<string, number>> {
  const names = (await namesIn(manifests)).filter((name) => name.endsWith(RETIRED));
  const found = await Promise.all(
    names.map(async (name) => {
      const marker = await stat(join(manifests, name)).catch(goneAsNull);
      return marker === null ? [] : [[name.slice(0, -RETIRED.length), marker.mtimeMs] as const];
    }),
  );
  return new Map(found.flat());
}

/** Removes trees from which nobody can be linking any more. */
async function removeRetired(place: Unpacked, others: () => Promise<number>): Promise<void> {
  const retired = await listRetired(place);
  const oldest = retired.size === 0 ? 0 : await others();
  for (const [id, since] of retired) {
    if (since >= oldest) continue;
    await dropTree(place, id);
    await rm(join(place.manifests, id + RETIRED), { force: true });
  }
}

/** A tree's manifest, or null where there is none that can be read. */
export async function readManifest(place: Unpacked, id: string): Promise<ReturnType<typeof parseManifest>> {
  const text = await readFile(manifestOf(place, id), 'utf8').catch(goneAsNull);
  return text === null ? null : parseManifest(text);
}

/** Where a tree's manifest is kept. */
export function manifestOf({ manifests }: Unpacked, id: string): string {
  return join(manifests, `${id}.json`);
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(strangeAsNull)) ?? [];
}
