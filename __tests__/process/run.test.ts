import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Ran, run } from '../../src/process/run.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'paddle-process-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const signal = new AbortController().signal;

function node(script: string, rest: { limitMs?: number; graceMs?: number; signal?: AbortSignal } = {}): Promise<Ran> {
  return run({ file: process.execPath, args: ['-e', script], environment: {}, limitMs: 20_000, signal, ...rest });
}

/** Waits for a process to be gone, 5 s at most. */
async function gone(pidFile: string): Promise<boolean> {
  const pid = Number(await readFile(pidFile, 'utf8'));
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      process.kill(pid, 0);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ESRCH';
    }
    await sleep(50);
  }
  return false;
}

/** A script that starts a child which holds the pipes for ten minutes, and writes its id to a file. */
const withChild = (pidFile: string) => `
  const { spawn } = require('child_process');
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 600000)'], { stdio: 'inherit' });
  require('fs').writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));`;

describe('a program that ends', () => {
  test('gives its status, its streams apart and both as they came', async () => {
    const script = `process.stdout.write('one\\n', () => setTimeout(() => {
      process.stderr.write('two\\n', () => setTimeout(() => process.stdout.write('three\\n'), 50)) }, 50));
      process.exitCode = 7`;
    const ran = await node(script);
    expect(ran).toMatchObject({ code: 7, signal: null, timedOut: false, startError: null });
    expect([ran.stdout, ran.stderr, ran.output]).toEqual(['one\nthree\n', 'two\n', 'one\ntwo\nthree\n']);
  });

  test('takes what it started along, although that holds the pipes', async () => {
    const pidFile = path.join(folder, 'stray');
    const ran = await node(`${withChild(pidFile)}\nconsole.log('done'); process.exit(0)`);
    expect(ran).toMatchObject({ code: 0, stdout: 'done\n', timedOut: false });
    expect(await gone(pidFile)).toBe(true);
  });

  test('by a signal tells that one', async () => {
    expect(await node("process.kill(process.pid, 'SIGKILL')")).toMatchObject({ code: null, signal: 'SIGKILL' });
  });

  test('is kept by the end of what it printed', async () => {
    const ran = await node("process.stdout.write('a'.repeat(9_000_000)); process.stdout.write('the end')");
    expect(ran.stdout.length).toBe(4_000_000);
    expect(ran.stdout.endsWith('aathe end')).toBe(true);
  });

  test('finds nothing of our environment in its own', async () => {
    expect((await node('console.log(Object.keys(process.env).length)')).stdout).toBe('0\n');
  });
});

describe('a program that does not end', () => {
  test('is ended at its limit with all that it started', async () => {
    const pidFile = path.join(folder, 'limit');
    const ran = await node(`${withChild(pidFile)}\nsetTimeout(() => {}, 600000)`, { limitMs: 1_000 });
    expect(ran).toMatchObject({ code: null, signal: 'SIGKILL', timedOut: true });
    expect(await gone(pidFile)).toBe(true);
  });

  test('may tidy up where it is given a grace', async () => {
    const script =
      "process.on('SIGTERM', () => { console.log('tidied'); process.exit(5) }); setInterval(() => {}, 1000)";
    const ran = await node(script, { limitMs: 1_000, graceMs: 10_000 });
    expect(ran).toMatchObject({ code: 5, stdout: 'tidied\n', timedOut: true });
  });

  test('is ended after its grace where it does not listen', async () => {
    const script = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)";
    const ran = await node(script, { limitMs: 1_000, graceMs: 200 });
    expect(ran).toMatchObject({ code: null, signal: 'SIGKILL', timedOut: true });
  });

  test('is ended on abort, which throws the reason', async () => {
    const controller = new AbortController();
    const running = node('setInterval(() => {}, 1000)', { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('the job was cancelled')), 300);
    await expect(running).rejects.toThrow('the job was cancelled');
  });
});

describe('what cannot be started', () => {
  const start = (file: string, args: readonly string[] = []) =>
    run({ file, args, environment: {}, limitMs: 5_000, signal });

  test('is told by the reason', async () => {
    const text = path.join(folder, 'text');
    await writeFile(text, 'text');
    expect((await start(path.join(folder, 'nowhere'))).startError).toBe('ENOENT');
    expect((await start(text)).startError).toBe('EACCES');
  });

  test('is also a program with an argument that none can be given', async () => {
    expect((await start(process.execPath, ['a\0b'])).startError).toBe('ERR_INVALID_ARG_VALUE');
    expect((await start(process.execPath, ['a'.repeat(8_000_000)])).startError).toBe('E2BIG');
  });

  test('after an abort is nothing', async () => {
    const aborted = AbortSignal.abort(new Error('too late'));
    await expect(node('1', { signal: aborted })).rejects.toThrow('too late');
  });
});
