/**
 * Starts every bundle of dist/ under every Node named on the command line (paths of binaries), or under this one: a bundle
 * that was built without a complaint can still die at its first line. Each call answers at once and changes nothing.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { root } from './tree.mjs';

const limitMs = 30_000;
/** What each bundle has to answer: exit code and a text that only a bundle that works prints. */
const calls = [
  { bundle: 'cli', options: ['--help'], inputs: {}, exit: 0, says: /--paddle-version/ },
  { bundle: 'cli', options: ['--version'], inputs: {}, exit: 0, says: /\d+\.\d+\.\d+/ },
  { bundle: 'cli', options: ['setup', '--device', 'nonsense'], inputs: {}, exit: 2, says: /nonsense/ },
  { bundle: 'main', options: [], inputs: { INPUT_DEVICE: 'nonsense' }, exit: 2, says: /^::error.*nonsense/m },
  { bundle: 'post', options: [], inputs: {}, exit: 0, says: /^/ },
];

const nodes = process.argv.length > 2 ? process.argv.slice(2).map((path) => resolve(path)) : [process.execPath];
const scratch = mkdtempSync(join(tmpdir(), 'paddle-mirror-setup-smoke-'));
for (const name of ['output', 'env', 'path', 'state', 'summary']) writeFileSync(join(scratch, name), '');
const environment = {
  ...process.env,
  HOME: scratch,
  RUNNER_TEMP: scratch,
  RUNNER_TOOL_CACHE: scratch,
  GITHUB_WORKSPACE: scratch,
  GITHUB_OUTPUT: join(scratch, 'output'),
  GITHUB_ENV: join(scratch, 'env'),
  GITHUB_PATH: join(scratch, 'path'),
  GITHUB_STATE: join(scratch, 'state'),
  GITHUB_STEP_SUMMARY: join(scratch, 'summary'),
};
try {
  for (const node of nodes) {
    for (const { bundle, options, inputs, exit, says } of calls) {
      const { status, signal, stdout, stderr } = spawnSync(node, [join(root, 'dist', bundle, 'index.js'), ...options], {
        cwd: scratch,
        env: { ...environment, ...inputs },
        encoding: 'utf8',
        timeout: limitMs,
      });
      const said = `${stdout}${stderr}`;
      // A stack in an answer to a user's mistake, or in none at all, is a defect of ours.
      const good = status === exit && says.test(said) && !/^\s+at .*:\d+:\d+\)?$/m.test(said);
      const call = [node, `dist/${bundle}/index.js`, ...options].join(' ');
      console.log(`${good ? 'ok' : 'FAILED'}  ${call}`);
      if (good) continue;
      console.error(`expected exit ${exit} and ${says}; got exit ${status ?? signal}:\n${said.slice(0, 4000)}`);
      process.exitCode = 1;
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
