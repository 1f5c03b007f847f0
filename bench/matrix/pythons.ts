import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

const minors = ['3.8', '3.9', '3.10', '3.11', '3.12', '3.13', '3.14'];

/** The Pythons of this machine by their minor version: pyenv's, and `python3.N` on PATH. */
export function findPythons(): ReadonlyMap<string, string> {
  const versions = path.join(homedir(), '.pyenv', 'versions');
  const pyenv = existsSync(versions) ? readdirSync(versions).map((name) => path.join(versions, name, 'bin')) : [];
  const search = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => !folder.includes('/shims'));
  const found = minors.flatMap((minor) => {
    const file = [...pyenv, ...search]
      .map((folder) => path.join(folder, `python${minor}`))
      .find((one) => existsSync(one));
    return file === undefined ? [] : [[minor, file] as const];
  });
  return new Map(found);
}
