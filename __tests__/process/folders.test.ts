import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { homeFolder, makeScratch } from '../../src/process/folders.js';
import { Failure } from '../../src/values/failure.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'folders-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a folder for temporary files is made where it is asked for', async () => {
  const made = makeScratch({ variable: 'TMPDIR', folder });
  expect(await readdir(folder)).toEqual([made.slice(folder.length + 1)]);
});

test.each([
  ['does not exist', () => join(folder, 'gone')],
  ['is no folder', () => join(folder, 'file')],
  ['is no absolute path', () => 'tmp'],
])('one that %s is refused with the variable that names it', async (fault, place) => {
  await writeFile(join(folder, 'file'), '');
  const problem = { where: 'TMPDIR', what: `The folder for temporary files, ${place()}, ${fault}.` };
  const make = () => makeScratch({ variable: 'TMPDIR', folder: place() });
  expect(make).toThrow(Failure);
  expect(make).toThrow(expect.objectContaining({ exitCode: 2, problems: [expect.objectContaining(problem)] }));
});

test("a home that is no absolute path is the account's, and one that nobody names is refused", () => {
  expect(homeFolder(() => folder)).toBe(folder);
  for (const text of ['', 'relative']) expect(homeFolder(() => text)).toBe(userInfo().homedir);
  const nobody = () => {
    throw Object.assign(new Error('no such account'), { code: 'ERR_SYSTEM_ERROR' });
  };
  expect(() => homeFolder(nobody)).toThrow(Failure);
});
