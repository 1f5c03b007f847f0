import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { findCondaPaddle } from '../../src/verify/conda.js';

let prefix: string;
beforeEach(async () => {
  prefix = await mkdtemp(join(tmpdir(), 'verify-conda-'));
});
afterEach(() => rm(prefix, { recursive: true, force: true }));

async function record(name: string, version: string): Promise<void> {
  await mkdir(join(prefix, 'conda-meta'), { recursive: true });
  await writeFile(join(prefix, 'conda-meta', `${name}-${version}-py311.json`), JSON.stringify({ name, version }));
}

test('a PaddlePaddle that conda made is found by its record', async () => {
  await record('paddlepaddle-cuda', '12.6');
  await record('paddlepaddle-gpu', '3.0.0');
  expect(await findCondaPaddle(prefix)).toEqual({ distribution: 'paddlepaddle-gpu', version: '3.0.0' });
});

test('an environment that is none of conda, or without PaddlePaddle, has none', async () => {
  expect(await findCondaPaddle(prefix)).toBeNull();
  await record('paddlepaddle-cuda', '12.6');
  expect(await findCondaPaddle(prefix)).toBeNull();
});
