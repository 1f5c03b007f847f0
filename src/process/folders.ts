import { mkdtempSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { Failure } from '../values/failure.js';
import { errorCode } from '../values/system-error.js';

/** A folder for temporary files, and the variable that named it. */
interface Temporary {
  readonly variable: string;
  readonly folder: string;
}

/** What a system error says of a folder that is to be written. */
const faults: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'is no folder',
  EACCES: 'may not be written by this user',
  EPERM: 'may not be written by this user',
  EROFS: 'is on a file system that is read-only',
  ENOSPC: 'is on a disk that is full',
};

function noTemporary({ variable, folder }: Temporary, fault: string, cause: unknown = null): Failure {
  const what = `The folder for temporary files, ${folder}, ${fault}.`;
  const remedy = `Point ${variable} at a folder that exists, may be written and has 100 MB to spare.`;
  return new Failure(errorCode(cause) === 'ENOSPC' ? 1 : 2, [{ where: variable, what, remedy }], { cause });
}

/**
 * Makes, in one go, an empty folder of this process's own, in the system's for temporary files unless another is given. The caller removes it.
 * Throws Failure naming the variable that names the place (2; 1 where the disk is full) where there can be none.
 */
export function makeScratch(
  temporary: Temporary = { variable: process.platform === 'win32' ? 'TEMP' : 'TMPDIR', folder: tmpdir() },
): string {
  // Programs that work in other folders would each take it for another place.
  if (!isAbsolute(temporary.folder)) throw noTemporary(temporary, 'is no absolute path');
  try {
    return mkdtempSync(join(temporary.folder, 'paddle-mirror-setup-'));
  } catch (error) {
    const code = errorCode(error);
    if (code === null) throw error;
    throw noTemporary(temporary, faults[code] ?? `can't be used (${code})`, error);
  }
}

/** Absolute path of the folder that the program was started in. Throws Failure(2) where it has been removed since. */
export function workingFolder(): string {
  try {
    return process.cwd();
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    const what = 'The folder in which this runs has been removed.';
    throw new Failure(2, [{ where: 'working folder', what, remedy: 'Change to one that exists.' }], { cause: error });
  }
}

/**
 * The user's home: what HOME (USERPROFILE on Windows) names, or the account's own where that is empty or no absolute path.
 * `ask` gives what the variable names. Throws Failure(2) where nothing names one.
 */
export function homeFolder(ask: () => string = homedir): string {
  try {
    const named = ask();
    const home = isAbsolute(named) ? named : userInfo().homedir;
    if (isAbsolute(home)) return home;
  } catch (error) {
    // A user without an account: containers are often run by a bare number.
    if (errorCode(error) === null) throw error;
  }
  const variable = process.platform === 'win32' ? 'USERPROFILE' : 'HOME';
  const what = 'It names no absolute path, and no account of this user names a home folder.';
  throw new Failure(2, [{ where: variable, what, remedy: 'Set it to a folder of this user.' }]);
}
