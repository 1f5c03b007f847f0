import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { checkLinkHash } from '../../src/lock/link-hash.js';
import { parseRequirement } from '../../src/packaging/requirement.js';
import { temporaryFolder } from '../install/machine.js';

async function check(fragment: string): Promise<boolean> {
  const path = join(temporaryFolder(), 'a-1.0-py3-none-any.whl');
  await writeFile(path, 'the bytes');
  const line = `a @ https://files.example/a-1.0-py3-none-any.whl${fragment}`;
  return checkLinkHash(parseRequirement(line, 'requirements.txt:3'), path);
}

const digest = (algorithm: string): string => createHash(algorithm).update('the bytes').digest('hex');

describe('the hash in a direct link', () => {
  test.each([
    ['sha512', true],
    ['sha384', true],
    ['sha224', true],
    ['sha1', false],
    ['md5', false],
  ])('%s is checked, and vouches for the file: %s', async (algorithm, vouches) => {
    expect(await check(`#${algorithm}=${digest(algorithm)}`)).toBe(vouches);
    expect(await check(`#egg=a&${algorithm}=${digest(algorithm).toUpperCase()}&x=y`)).toBe(vouches);
  });

  test.each(['sha512', 'md5'])('%s that is another one refuses the file and names the line', async (algorithm) => {
    await expect(check(`#${algorithm}=${digest(algorithm).replace(/^./, 'g')}`)).rejects.toMatchObject({
      exitCode: 2,
      problems: [{ where: 'requirements.txt:3', what: expect.stringContaining(digest(algorithm)) }],
    });
  });

  test('may be missing', async () => {
    expect(await check('')).toBe(false);
    expect(await check('#subdirectory=x')).toBe(false);
  });
});
