import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { goneAsNull } from '../values/system-error.js';

/** An entry of uv's cache that leads to an archive. */
export interface Pointer {
  readonly path: string;
  readonly kind: 'link' | 'file';
  /** Target of a link, content of a file: it holds the archive's id. */
  readonly text: string;
}

/** Every entry of a uv cache that leads to an archive: symbolic links, and the `.http` and `.rev` files beside them (uv 0.13.9, seen). */
export async function pointersIn(uv: string): Promise<readonly Pointer[]> {
  const buckets = ((await readdir(uv).catch(goneAsNull)) ?? []).filter((name) => /^(?:wheels|sdists)-v\d+$/.test(name));
  const lists = await Promise.all(
    buckets.map((name) => readdir(join(uv, name), { recursive: true, withFileTypes: true })),
  );
  const read = lists.flat().map(async (entry): Promise<Pointer[]> => {
    const path = join(entry.parentPath, entry.name);
    const kind = entry.isSymbolicLink() ? 'link' : 'file';
    if (kind === 'file' && !(entry.isFile() && /\.(?:http|rev)$/.test(entry.name))) return [];
    const text = await (kind === 'link' ? readlink(path) : readFile(path, 'latin1')).catch(goneAsNull);
    return text === null ? [] : [{ path, kind, text }];
  });
  return (await Promise.all(read)).flat();
}

/** SHA-256 of the wheels that these entries say were unpacked into an archive: those of one release for several Pythons share name and version. */
export function wheelsOfArchive(id: string, pointers: readonly Pointer[]): ReadonlySet<string> {
  const files = pointers.filter(({ kind, text }) => kind === 'file' && text.includes(id));
  return new Set(files.flatMap(({ text }) => text.match(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g) ?? []));
}
