import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';

async function describe(file: string): Promise<string> {
  const found = await lstat(file);
  const about = `${found.mode.toString(8)} ${found.uid}:${found.gid}`;
  if (found.isSymbolicLink()) return `${about} -> ${await readlink(file)}`;
  if (!found.isFile()) return about;
  return `${about} ${createHash('sha256')
    .update(await readFile(file))
    .digest('hex')}`;
}

/**
 * Everything below the folders: path → kind, mode, owner, and content or link target. Left out are the `named` places with all that is in
 * them, and the folders on the way to them.
 */
export async function snapshot(
  folders: readonly string[],
  named: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const visit = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const file = path.join(folder, entry.name);
      if (named.includes(file)) continue;
      const onTheWay = named.some((place) => place.startsWith(file + path.sep));
      if (!onTheWay) found.set(file, await describe(file));
      if (entry.isDirectory()) await visit(file);
    }
  };
  for (const folder of folders) await visit(folder);
  return found;
}

/** What differs between two snapshots, a line each. */
export function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .sort()
    .filter((file) => before.get(file) !== after.get(file))
    .map((file) => `${file}: ${before.get(file) ?? 'nothing'} before, ${after.get(file) ?? 'nothing'} after`);
}
