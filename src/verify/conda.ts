import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** conda's package that only stands for a CUDA version, not for PaddlePaddle. */
const metapackage = 'paddlepaddle-cuda';

/**
 * PaddlePaddle as conda records it in an environment (`conda-meta/NAME-VERSION-BUILD.json`), name and version: its packages need not
 * leave Python's own metadata. Null where conda has none there. Throws SyntaxError on a record that is no JSON.
 */
export async function findCondaPaddle(
  prefix: string,
): Promise<{ readonly distribution: string; readonly version: string } | null> {
  const folder = join(prefix, 'conda-meta');
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for (const name of names.filter((file) => /^paddlepaddle-.*\.json$/.test(file)).sort()) {
    const record = JSON.parse(await readFile(join(folder, name), 'utf8')) as {
      readonly name: string;
      readonly version: string;
    };
    if (record.name !== metapackage) return { distribution: record.name, version: record.version };
  }
  return null;
}
