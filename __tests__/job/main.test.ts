import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { runMain } from '../../src/job/main.js';

let folder = '';
const set = ['GITHUB_STEP_SUMMARY', 'GITHUB_OUTPUT', 'INPUT_DEVICE'];
const before = new Map(set.map((name) => [name, process.env[name]]));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'main-'));
});
afterEach(async () => {
  jest.restoreAllMocks();
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  await rm(folder, { recursive: true });
});

test('inputs that are wrong are told in the summary of the job, too', async () => {
  let said = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
  const [summary, output] = [join(folder, 'summary'), join(folder, 'output')];
  for (const file of [summary, output]) await writeFile(file, '');
  Object.assign(process.env, { GITHUB_STEP_SUMMARY: summary, GITHUB_OUTPUT: output, INPUT_DEVICE: 'cu999' });
  expect(await runMain()).toBe(2);
  expect(said).toMatch(/^::error.*cu999/m);
  expect(await readFile(summary, 'utf8')).toContain('cu999');
});
