import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { findOfficialIndex } from '../../src/runner/official-index.js';
import { printer, probeAnswer, program, scratch } from './support.js';

const signal = new AbortController().signal;
const known = { url: 'https://official.example/simple/', origin: '/opt/fake/pip' };

test('another Python on PATH that knows the official index is believed, those that do not are passed over', async () => {
  const folder = await scratch();
  await printer(folder, 'python', probeAnswer());
  await program(folder, 'python2', ['exit 1']);
  await printer(folder, 'python3', probeAnswer({ officialIndex: known }));
  expect(await findOfficialIndex({ environment: { PATH: `${folder}:/usr/bin:/bin`, HOME: folder }, signal })).toEqual(
    known,
  );
});

test("so is one of the job's tool cache, or of pyenv, that is not on PATH", async () => {
  const [root, empty] = [await scratch(), await scratch()];
  await printer(path.join(root, 'Python', '3.11.7', 'x64', 'bin'), 'python3', probeAnswer({ officialIndex: known }));
  await printer(path.join(root, 'versions', '3.12.1', 'bin'), 'python3', probeAnswer({ officialIndex: known }));
  expect(
    await findOfficialIndex({ environment: { PATH: empty, RUNNER_TOOL_CACHE: root, HOME: empty }, signal }),
  ).toEqual(known);
  expect(await findOfficialIndex({ environment: { PATH: empty, PYENV_ROOT: root, HOME: empty }, signal })).toEqual(
    known,
  );
});

test('six at most are asked', async () => {
  const folder = await scratch();
  for (const minor of [5, 6, 7, 8, 9]) await printer(folder, `python3.${minor}`, probeAnswer());
  await printer(folder, 'python', probeAnswer());
  const later = path.join(folder, 'later');
  await mkdir(later);
  await printer(later, 'python3', probeAnswer({ officialIndex: known }));
  const environment = { PATH: `${folder}:${later}`, HOME: folder };
  expect(await findOfficialIndex({ environment, signal })).toBeNull();
});

test('a machine without Python has no official index', async () => {
  const empty = await scratch();
  expect(await findOfficialIndex({ environment: { PATH: empty, HOME: empty }, signal })).toBeNull();
});
