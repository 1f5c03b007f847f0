import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { normalise } from '../packaging/name.js';
import { parseRecord } from '../packaging/record.js';
import type { LockedFile } from '../values/lock.js';
import { errorCode } from '../values/system-error.js';

/** A package of an environment that lost a file, or its content, since it was installed. */
export interface DamagedPackage {
  /** Normalised. */
  readonly name: string;
  /** The first such file, as its RECORD names it. */
  readonly path: string;
}

/** Metadata folders of an environment by the normalised name of their package. */
function infosIn(purelib: string): ReadonlyMap<string, string> {
  const entries = readdirSync(purelib).filter((entry) => entry.endsWith('.dist-info'));
  return new Map(entries.map((entry) => [normalise(entry.replace(/-[^-]*\.dist-info$/, '')), entry]));
}

/**
 * The packages of a lock that an environment has, but not whole: installers look at the metadata alone and take them for installed
 * (an interrupted removal, a full disk). A file with other content is left: it may be somebody's patch. In one thread, as `stampTree`:
 * 6,000 files take some 60 ms.
 */
export function damagedPackages(
  purelib: string,
  files: readonly Pick<LockedFile, 'name' | 'version'>[],
): readonly DamagedPackage[] {
  const infos = infosIn(purelib);
  return files.flatMap(({ name }) => {
    const info = infos.get(normalise(name));
    const text = info === undefined ? null : readRecord(path.join(purelib, info));
    if (text === null) return [];
    for (const [file, { sha256, size }] of parseRecord(text)) {
      // Without a hash: written by an installer or by Python itself.
      if (sha256 === '') continue;
      const found = statSync(path.join(purelib, file), { throwIfNoEntry: false });
      if (found === undefined || (found.size === 0 && size !== 0 && size !== null)) return [{ name, path: file }];
    }
    return [];
  });
}

/** Null where there is none: the package is then another installer's, and not judged. */
function readRecord(info: string): string | null {
  try {
    return readFileSync(path.join(info, 'RECORD'), 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}
