import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../values/failure.js';
import type { Requirement } from '../values/requirement.js';

/** The hashes that pip reads from a link's fragment beside sha256, by their names in Python's hashlib: whether a forgery is out of reach. */
const strength: Readonly<Record<string, boolean>> = {
  sha512: true,
  sha384: true,
  sha224: true,
  sha1: false,
  md5: false,
};

/**
 * Holds a file against the hash in its link (`#sha512=...`); a sha256 there is one of the requirement's own hashes. Whether the file is
 * vouched for by that: md5 and sha1 tell a broken file, but no forged one. Throws Failure(2) where they differ.
 */
export async function checkLinkHash(line: Requirement, path: string): Promise<boolean> {
  const [, algorithm = '', wanted = ''] = /#(?:.*&)?(sha512|sha384|sha224|sha1|md5)=([^&]*)/.exec(line.url ?? '') ?? [];
  if (algorithm === '') return false;
  const hash = createHash(algorithm);
  await pipeline(createReadStream(path), hash);
  const actual = hash.digest('hex');
  if (actual === wanted.toLowerCase()) return strength[algorithm] === true;
  const what = `What is behind this link has the ${algorithm} ${actual}, and the link says ${wanted}.`;
  throw new Failure(2, [{ where: line.origin, what, remedy: 'Correct the hash, or find out who changed the file.' }]);
}
