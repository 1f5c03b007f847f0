import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { markProcess } from '../../src/process/mark.js';
import { makeOnce, takeLock } from '../../src/store/lock-file.js';
import { deadToken } from '../support/dead.js';

const never = new AbortController().signal;
let folder = '';
let lock = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-file-'));
  lock = join(folder, 'tools', 'thing.lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a lock whose holder was killed', () => {
  test('is taken over by one of the many that find it', async () => {
    await mkdir(join(folder, 'tools'));
    for (let round = 0; round < 15; round += 1) {
      await writeFile(lock, await deadToken());
      const takers = Array.from({ length: 32 }, async () => {
        await pause(Math.random() * 20);
        return takeLock(lock);
      });
      const held = (await Promise.all(takers)).filter((one) => one !== null);
      expect(held).toHaveLength(1);
      expect(await held[0]?.isOurs()).toBe(true);
      await held[0]?.release();
    }
    // What tells the next one that nobody is taking over.
    expect(await readdir(join(folder, 'tools'))).toEqual([expect.stringMatching(/^thing\.lock\.takeover\.\d+$/)]);
  });

  test('is taken over at once where nobody asked for the end of the process, as the first one of many containers', async () => {
    if (process.platform !== 'linux') {
      console.log('left out: only Linux tells of such a process');
      return;
    }
    const parent = spawn('sh', ['-c', 'sleep 30 & echo $!; exec sleep 30'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const [pid] = (await once(parent.stdout, 'data')) as [Buffer];
      await mkdir(join(folder, 'tools'));
      await writeFile(lock, JSON.stringify({ ...(await markProcess(Number(pid))), id: 'x' }));
      expect(await takeLock(lock)).toBeNull();
      process.kill(Number(pid), 'SIGKILL');
      await pause(100);
      expect(await takeLock(lock)).not.toBeNull();
    } finally {
      parent.kill('SIGKILL');
    }
  });

  test('is no longer its own, however late it wakes', async () => {
    await mkdir(join(folder, 'tools'));
    const slept = await takeLock(lock);
    await utimes(lock, 1, 1);
    const next = await takeLock(lock);
    await utimes(lock, 2, 2);
    await slept?.touch();
    await slept?.release();
    expect((await stat(lock)).mtimeMs).toBe(2000);
    expect([await slept?.isOurs(), await next?.isOurs()]).toEqual([false, true]);
  });
});

describe('a lock on a full disk', () => {
  test('leaves none behind that nobody holds', async () => {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) {
      console.log('left out: nobody but root on Linux mounts file systems');
      return;
    }
    const disk = join(folder, 'disk');
    await mkdir(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', disk]);
    try {
      await writeFile(join(disk, 'filler'), Buffer.alloc(4096));
      await expect(takeLock(join(disk, 'lock'))).rejects.toThrow(/ENOSPC/);
      expect(await readdir(disk)).toEqual(['filler']);
    } finally {
      execFileSync('umount', [disk]);
    }
  });
});

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

  test('is made though signs of life can’t be given meanwhile', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] });
    const ready = () => Promise.resolve(undefined);
    const make = async () => {
      await rename(join(folder, 'tools'), join(folder, 'away'));
      await writeFile(join(folder, 'tools'), '');
      jest.advanceTimersByTime(30_000);
      jest.useRealTimers();
      await pause(50);
      return 'thing';
    };
    await expect(makeOnce(lock, never, ready, make)).rejects.toThrow(/ENOTDIR/);
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
