import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { uvVersion } from '../../src/install/uv-release.js';
import { makeVenv } from '../../src/install/venv.js';
import { Failure } from '../../src/values/failure.js';
import { askPython, findPythons } from '../packaging/pythons.js';
import { keptLog } from '../support/log.js';
import { boundUv, describe as describeMachine, environment, temporaryFolder } from './machine.js';
import { realUv } from './real-uv.js';

const [python] = findPythons();
const interpreter = describeMachine(python);
let uv = '';
beforeAll(() => {
  uv = realUv(uvVersion);
}, 300_000);

function make(
  folder: string,
  installer: 'uv' | 'pip' = 'uv',
  version = interpreter.version,
): ReturnType<typeof makeVenv> {
  return makeVenv({
    folder,
    interpreter: { ...interpreter, version },
    installer,
    uv: boundUv(uv, null, temporaryFolder()),
    environment,
    remainingMs: () => 60_000,
    log: keptLog(),
    signal: AbortSignal.timeout(60_000),
  });
}

describe('a virtual environment', () => {
  test('is made where nothing is, below folders that are not there yet', async () => {
    const folder = path.join(temporaryFolder(), 'a folder', "it's", '.paddle');
    const made = await make(folder);
    expect(made.created).toBe(true);
    const program = 'import json, sys; print(json.dumps([sys.prefix != sys.base_prefix, sys.version.split()[0]]))';
    expect(askPython(made.executable, program)).toEqual([true, interpreter.version]);
  });

  test('is reused as it is', async () => {
    const folder = path.join(temporaryFolder(), 'venv');
    await make(folder);
    const mine = path.join(folder, 'mine.txt');
    await writeFile(mine, 'kept');
    expect((await make(folder)).created).toBe(false);
    expect(await readFile(mine, 'utf8')).toBe('kept');
  });

  test('gets pip from the interpreter where pip is to install, also in one that was made without', async () => {
    const folder = path.join(temporaryFolder(), 'venv');
    const { executable } = await make(folder);
    const hasPip = 'import importlib.util, json; print(json.dumps(importlib.util.find_spec("pip") is not None))';
    expect(askPython(executable, hasPip)).toBe(false);
    await make(folder, 'pip');
    expect(askPython(executable, hasPip)).toBe(true);
  });

  test.each([
    ['a file', (folder: string) => writeFileSync(folder, 'x'), /is a file/],
    [
      'a folder with other things',
      (folder: string) => {
        mkdirSync(folder);
        writeFileSync(path.join(folder, 'thesis.txt'), 'x');
      },
      /not empty and no virtual environment/,
    ],
  ])('%s is refused and left alone', async (_title, prepare, words) => {
    const folder = path.join(temporaryFolder(), 'venv');
    prepare(folder);
    const failed = make(folder);
    await expect(failed).rejects.toThrow(words);
    await expect(failed).rejects.toBeInstanceOf(Failure);
  });

  test("another Python's environment is refused", async () => {
    const folder = path.join(temporaryFolder(), 'venv');
    await make(folder);
    await expect(make(folder, 'uv', '3.99.1')).rejects.toThrow(/Python 3\.99 is asked for/);
  });

  test('one whose Python is gone is refused with what is missing', async () => {
    const folder = path.join(temporaryFolder(), 'venv');
    const { executable } = await make(folder);
    await rm(executable);
    await expect(make(folder)).rejects.toThrow(`${executable} is gone`);
  });
});
