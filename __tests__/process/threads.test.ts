import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const module = pathToFileURL(join(import.meta.dirname, '..', '..', 'src', 'values', 'threads.ts')).href;
/** Waits for so many pipes that nobody writes to, a thread each, and reads a file meanwhile. */
const script = `
const { threads } = await import(process.argv[1]);
const { open, readFile } = await import('node:fs/promises');
for (const pipe of process.argv.slice(2)) open(pipe, 'r');
const read = readFile('/etc/hosts').then(() => 'read');
const late = new Promise((resolve) => setTimeout(resolve, 3000, 'nothing came'));
console.log(threads + ' threads, ' + (await Promise.race([read, late])));
process.kill(process.pid, 'SIGKILL');
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'threads-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What a process says of which so many threads are held. */
function say(held: number, environment: Readonly<Record<string, string>>): string {
  const pipes = Array.from({ length: held }, (_, index) => join(folder, `${held}-${index}`));
  execFileSync('mkfifo', pipes);
  try {
    return execFileSync(process.execPath, ['--input-type=module', '-e', script, module, ...pipes], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], ...environment },
      stdio: 'pipe',
    });
  } catch (error) {
    return (error as { readonly stdout: string }).stdout;
  }
}

test('names or files that hang leave threads for everything else', () => {
  expect(say(12, {})).toBe('16 threads, read\n');
});

test('the number of threads that the user states is the one there is', () => {
  expect(say(6, { UV_THREADPOOL_SIZE: '6' })).toBe('6 threads, nothing came\n');
});
