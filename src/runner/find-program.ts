import { constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** Whether a path is a file that this user may run. On Windows every file is. */
export async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== undefined) return false;
    throw error;
  }
}

/** The folders of PATH. Empty and relative entries are left out: what they name depends on the working directory. */
export function searchPath(environment: NodeJS.ProcessEnv): string[] {
  const value = environment['PATH'] ?? environment['Path'] ?? '';
  return value.split(path.delimiter).filter((folder) => path.isAbsolute(folder));
}

/** First program of that name on PATH as an absolute path, or null. On Windows only `.exe`: anything else needs a shell. */
export async function findProgram(name: string, environment: NodeJS.ProcessEnv): Promise<string | null> {
  const file = process.platform === 'win32' && !/\.exe$/i.test(name) ? `${name}.exe` : name;
  for (const folder of searchPath(environment)) {
    const candidate = path.join(folder, file);
    if (await isProgram(candidate)) return candidate;
  }
  return null;
}

/** Every Python on PATH by its own name (`python`, `python3`, `python3.11`), in the order of PATH. */
export async function pythonsOnPath(environment: NodeJS.ProcessEnv): Promise<string[]> {
  const found: string[] = [];
  for (const folder of new Set(searchPath(environment))) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((name) => /^python(\d+(\.\d+)?t?)?(\.exe)?$/i.test(name)).sort()) {
      const file = path.join(folder, name);
      if (await isProgram(file)) found.push(file);
    }
  }
  return found;
}
