import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { isAddress, pathOfFileAddress } from '../packaging/address.js';
import type { Problem } from '../values/failure.js';
import type { Requirement } from '../values/requirement.js';

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return `sha256:${hash.digest('hex')}`;
}

/**
 * Gives a requirement on a local wheel or sdist the hash of the file, which proves it from now on; a folder can have none.
 * What is wrong (no such file, another hash than the line says) is added to `problems`.
 */
export async function withLocalHash(line: Requirement, problems: Problem[]): Promise<Requirement> {
  const { hashes, kind, origin, url } = line;
  const file = url?.startsWith('file:') === true ? pathOfFileAddress(url) : url;
  if (file === null || (kind !== 'path' && kind !== 'editable') || isAddress(file)) {
    return line;
  }
  const complain = (what: string, remedy: string): Requirement => {
    problems.push({ where: origin, what: `${JSON.stringify(file)} ${what}.`, remedy });
    return line;
  };
  const reason = ({ code }: NodeJS.ErrnoException): string =>
    code === 'ENOENT' || code === 'ENOTDIR' ? 'does not exist' : `can't be read (${code})`;
  const found = await stat(file).then((stats) => ({ stats }), reason);
  if (typeof found === 'string') {
    return complain(found, 'Relative paths begin in the folder where the command runs.');
  }
  if (found.stats.isDirectory()) {
    return line;
  }
  if (!found.stats.isFile()) {
    return complain('is no regular file', 'Name a wheel, an sdist or a folder.');
  }
  const digest = await hashFile(file).catch((error: NodeJS.ErrnoException) => ({ fault: reason(error) }));
  if (typeof digest !== 'string') {
    return complain(digest.fault, 'Let this user read it.');
  }
  if (hashes.length > 0 && !hashes.includes(digest)) {
    return complain(`has another hash than the line says: ${digest}`, 'Get the file again, or correct the hash.');
  }
  return { ...line, hashes: [digest] };
}
