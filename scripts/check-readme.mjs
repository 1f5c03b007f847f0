/**
 * Runs every command of README.md as a new user would: each block marked `sh`, in order, in a copy of the repository as a
 * clone holds it, with nothing installed. A block that is the test command itself is only counted, since it runs this.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { copyTree, root } from './tree.mjs';

const testCommand = './scripts/test';
const limitMs = 15 * 60_000;

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => (match[1] ?? '').trim());
const commands = blocks.filter((block) => block !== testCommand);
if (commands.length === blocks.length) throw new Error(`README.md does not give the test command \`${testCommand}\``);
if (commands.length === 0) throw new Error('README.md has no command for a user: no block marked `sh`');

const copy = copyTree();
try {
  for (const command of commands) {
    console.log(command.replaceAll(/^/gm, '$ '));
    const started = Date.now();
    const { status, signal, error } = spawnSync('bash', ['-euo', 'pipefail', '-c', command], {
      cwd: copy,
      stdio: ['ignore', 'inherit', 'inherit'],
      timeout: limitMs,
      killSignal: 'SIGKILL',
    });
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    if (status !== 0) {
      console.error(`failed after ${seconds} s: ${error?.message ?? signal ?? `exit ${status}`}`);
      process.exitCode = 1;
      break;
    }
    console.log(`(${seconds} s)`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
