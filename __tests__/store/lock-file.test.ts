import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { makeOnce, takeLock } from '../../src/store/lock-file.js';

const never = new AbortController().signal;
let folder = '';
let lock = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-file-'));
  lock = join(folder, 'tools', 'thing.lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('what many want and one makes', () => {
  test('is made once, and found by all others', async () => {
    let thing: string | undefined;
    let made = 0;
    const make = async () => {
      made += 1;
      await new Promise((resolve) => setTimeout(resolve, 50));
      thing = `thing ${made}`;
      return thing;
    };
    const wants = Array.from({ length: 8 }, () => makeOnce(lock, never, () => Promise.resolve(thing), make));
    expect(new Set(await Promise.all(wants))).toEqual(new Set(['thing 1']));
    expect(await readdir(join(folder, 'tools'))).toEqual([]);
  });

  test('is made by the next one where the first one fails', async () => {
    const ready = () => Promise.resolve(undefined);
    await expect(makeOnce(lock, never, ready, () => Promise.reject(new Error('no space')))).rejects.toThrow('no space');
    expect(await makeOnce(lock, never, ready, () => Promise.resolve('thing'))).toBe('thing');
  });

  test('is made by the next one where the first one was killed, or has been silent for long', async () => {
    const ready = () => Promise.resolve(undefined);
    await mkdir(join(folder, 'tools'));
    for (const token of ['elsewhere', '']) {
      await writeFile(lock, `1 ${token} 00`);
      await utimes(lock, 1, 1);
      expect(await makeOnce(lock, never, ready, () => Promise.resolve('thing'))).toBe('thing');
    }
  });

  test('is not waited for past the signal', async () => {
    await mkdir(join(folder, 'tools'));
    const held = await takeLock(lock);
    const ready = () => Promise.resolve(undefined);
    const wanted = makeOnce(lock, AbortSignal.timeout(150), ready, () => Promise.resolve('thing'));
    await expect(wanted).rejects.toThrow(/timeout/);
    expect(await held?.isOurs()).toBe(true);
    await held?.release();
  });
});
