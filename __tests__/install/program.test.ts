import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { runProgram } from '../../src/install/program.js';
import { Failure } from '../../src/values/failure.js';

function node(
  script: string,
  options: { limitMs?: number; signal?: AbortSignal; args?: string[] } = {},
): ReturnType<typeof runProgram> {
  return runProgram({
    file: process.execPath,
    args: ['-e', script, ...(options.args ?? [])],
    environment: {},
    cwd: tmpdir(),
    limitMs: options.limitMs ?? 20_000,
    signal: options.signal ?? AbortSignal.timeout(20_000),
    purpose: 'the test program',
  });
}

/** Whether a process is there. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ESRCH');
    return false;
  }
}

describe('running a program', () => {
  test('any exit status is an answer, with what was printed', async () => {
    const ran = await node('console.log("out"); console.error("err"); process.exitCode = 7');
    expect(ran).toMatchObject({ code: 7, stdout: 'out\n', stderr: 'err\n' });
  });

  test('arguments reach it as they are, whatever a shell would make of them', async () => {
    const args = ['$(id)', '; rm x', '`id`', "it's", 'a\nb', '*'];
    const { stdout } = await node('console.log(JSON.stringify(process.argv.slice(1)))', { args: ['--', ...args] });
    expect(JSON.parse(stdout)).toEqual(args);
  });

  test('at its limit it is ended together with what it started, and the limit is named', async () => {
    const script = `const { spawn } = require('child_process');
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
      setInterval(() => {}, 1000);
      require('fs').writeFileSync(process.argv[1], String(child.pid));`;
    const file = `${tmpdir()}/paddle-test-pid-${process.pid}`;
    const failed = node(script, { limitMs: 1_500, args: [file] });
    await expect(failed).rejects.toThrow(/the test program had not ended after 2 s/);
    await expect(failed).rejects.toBeInstanceOf(Failure);
    const pid = Number(readFileSync(file, 'utf8'));
    rmSync(file);
    for (let tries = 0; tries < 50 && runs(pid); tries += 1) await sleep(50);
    expect(runs(pid)).toBe(false);
  });

  test('an aborted run ends it with the reason of the signal', async () => {
    const controller = new AbortController();
    const failed = node('setInterval(() => {}, 1000)', { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('the job was cancelled')), 300);
    await expect(failed).rejects.toThrow('the job was cancelled');
  });

  test('a program that is not there is a failure that names it', async () => {
    const call = { args: [], environment: {}, cwd: tmpdir(), limitMs: 1_000, signal: AbortSignal.timeout(1_000) };
    const failed = runProgram({ ...call, file: '/nowhere/uv', purpose: 'uv' });
    await expect(failed).rejects.toThrow(/\/nowhere\/uv could not be started/);
  });
});
