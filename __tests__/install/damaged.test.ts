import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { damagedPackages } from '../../src/install/damaged.js';

const lock = [{ name: 'opt-einsum', version: '3.3.0' }];
let purelib: string;
const info = () => join(purelib, 'opt_einsum-3.3.0.dist-info');
beforeEach(async () => {
  purelib = await mkdtemp(join(tmpdir(), 'damaged-'));
  await mkdir(info());
  await mkdir(join(purelib, 'opt_einsum'));
  await writeFile(join(purelib, 'opt_einsum', '__init__.py'), 'x = 1\n');
  await writeFile(join(purelib, 'opt_einsum', 'paths.py'), 'y = 2\n');
  await writeFile(
    join(info(), 'RECORD'),
    'opt_einsum/__init__.py,sha256=AAAA,6\nopt_einsum/paths.py,sha256=BBBB,\nopt_einsum/gone.pyc,,\nopt_einsum-3.3.0.dist-info/RECORD,,\n',
  );
});
afterEach(() => rm(purelib, { recursive: true, force: true }));

describe('a package of an environment', () => {
  test('is whole where every file that its RECORD has a hash of is there', () =>
    expect(damagedPackages(purelib, lock)).toEqual([]));

  test('is damaged where a file is gone', async () => {
    await rm(join(purelib, 'opt_einsum', 'paths.py'));
    expect(damagedPackages(purelib, lock)).toEqual([{ name: 'opt-einsum', path: 'opt_einsum/paths.py' }]);
  });

  test('is left alone where a file was changed: that may be a patch', async () => {
    await writeFile(join(purelib, 'opt_einsum', '__init__.py'), 'x = 100\n');
    expect(damagedPackages(purelib, lock)).toEqual([]);
  });

  test('is damaged where a file lost its content', async () => {
    await writeFile(join(purelib, 'opt_einsum', '__init__.py'), '');
    expect(damagedPackages(purelib, lock)).toEqual([{ name: 'opt-einsum', path: 'opt_einsum/__init__.py' }]);
  });

  test('is not judged where it is not installed, or has no RECORD, as what other installers put in', async () => {
    expect(damagedPackages(purelib, [{ name: 'six', version: '1.16.0' }])).toEqual([]);
    await rm(join(purelib, 'opt_einsum'), { recursive: true });
    await rm(join(info(), 'RECORD'));
    expect(damagedPackages(purelib, lock)).toEqual([]);
  });
});
