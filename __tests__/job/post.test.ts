import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { runPost } from '../../src/job/post.js';
import { failWith } from '../../src/report/action.js';
import { Failure } from '../../src/values/failure.js';

let folder = '';
let said = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'post-'));
  said = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
});
afterEach(async () => {
  jest.restoreAllMocks();
  delete process.env['STATE_state'];
  process.exitCode = undefined;
  await rm(folder, { recursive: true });
});

test("a cache folder that can be written no more costs the entry of GitHub's cache, and no job", async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  const entry = { entry: 'k-1', key: 'k', files: [], bytes: 0, download: null };
  const state = { undo: null, save: { folder: join(file, 'store'), entry }, notSaved: null };
  process.env['STATE_state'] = JSON.stringify(state);
  expect(await runPost()).toBe(0);
  expect(said).toMatch(/^Nothing was saved to GitHub's cache: cache-path: The cache folder \S+ can't be written/m);
  expect(said).not.toMatch(/::error|defect/);
});

test('what a step fails with is a line for each problem, and a stack only where it is a defect of ours', () => {
  const what = 'Another run has held the journal for 30 seconds.';
  expect(failWith(new Failure(2, [{ where: 'journal', what, remedy: 'Wait for it to end.' }]))).toBe(2);
  expect(said).toBe('::error::journal: Another run has held the journal for 30 seconds. Wait for it to end.\n');
  expect(failWith(new TypeError('no such thing'))).toBe(1);
  expect(said).toMatch(/::error::This is a defect .*TypeError: no such thing%0A +at /);
});
