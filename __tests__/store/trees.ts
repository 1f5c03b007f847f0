import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Unpacked } from '../../src/store/unpacked.js';

/** Unpacks a wheel as uv does: its files and their RECORD below `archive-v0/<id>`. Gives the folder. */
export async function unpackTree(
  place: Unpacked,
  id: string,
  dist: string,
  files: Readonly<Record<string, string>>,
): Promise<string> {
  const folder = join(place.uv, 'archive-v0', id);
  const digest = (text: string) => createHash('sha256').update(text).digest('base64url');
  const quote = (path: string) => (path.includes(',') ? `"${path}"` : path);
  const lines = Object.entries(files).map(([path, text]) => `${quote(path)},sha256=${digest(text)},${text.length}\n`);
  const record = `${lines.join('')}${dist}.dist-info/RECORD,,\n`;
  for (const [path, text] of Object.entries({ ...files, [`${dist}.dist-info/RECORD`]: record })) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}
