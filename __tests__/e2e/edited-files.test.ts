import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseRecord } from '../../src/packaging/record.js';
import { hashFile } from '../../src/store/hash.js';
import { leaveOut } from '../support/left-out.js';
import { commonPython, type Host, makeHost, owner, type User, users } from './users.js';

/** A download of 220 MB and unpacking 850 MB twice for each user. */
const LIMIT_MS = 5 * 60_000;
const python = commonPython();
if (python === null) leaveOut('Python 3.9 to 3.13 that every user may run');
if (users === null) leaveOut('root, who alone can become another user');

let host: Host;
beforeAll(async () => {
  host = await makeHost();
});
afterAll(() => host.remove());

const official = ['--mirrors', 'official', '--paddle-index', 'http://127.0.0.1:9/', '--device', 'cpu'];
function setup(user: User, venv: string) {
  const where = ['--cache-path', host.shared, '--venv', venv, '--python', python ?? 'python3'];
  return host.cli(user, ['setup', '--paddle-version', '3.2.2', '--verify', 'off', ...official, ...where], {
    PIP_FIND_LINKS: '',
  });
}

/** Writes into a file that is there, as an editor or `strip` does: the same inode, whoever else has a link to it. */
function overwrite(path: string, at: number, text: string): void {
  const file = openSync(path, 'r+');
  writeSync(file, text, at);
  closeSync(file);
}

describe('a job that edits installed files in place', () => {
  for (const user of [owner, ...(python === null ? [] : (users ?? []).slice(0, 1))]) {
    test(
      `as ${user.name} does not reach the next one`,
      async () => {
        const home = await host.home(user);
        const site = (venv: string) =>
          join(home, venv, 'lib', readdirSync(join(home, venv, 'lib'))[0] ?? '', 'site-packages');
        const first = await setup(user, 'first');
        expect([first.stderr, first.exitCode]).toEqual([first.stderr, 0]);
        const edited = ['paddle/__init__.py', 'paddle/base/libpaddle.so'];
        const [module = '', library = ''] = edited.map((path) => join(site('first'), path));
        expect(statSync(library).nlink).toBeGreaterThan(1);
        overwrite(module, statSync(module).size, '\nraise SystemExit("edited")\n');
        overwrite(library, 100_000, 'edited');

        const second = await setup(user, 'second');
        expect([second.stderr, second.exitCode]).toEqual([expect.stringContaining('of paddlepaddle was changed'), 0]);
        expect(second.stdout).toContain('nothing downloaded');
        const record = parseRecord(
          readFileSync(join(site('second'), 'paddlepaddle-3.2.2.dist-info', 'RECORD'), 'utf8'),
        );
        for (const path of edited)
          expect(await hashFile(join(site('second'), path), 'base64url')).toBe(record.get(path)?.sha256);
        const say = ['-c', 'import paddle; print(paddle.__version__)'];
        const bin = join(home, 'second', 'bin', 'python');
        expect(execFileSync(bin, say, { ...user.ids, encoding: 'utf8', cwd: home })).toBe('3.2.2\n');
      },
      LIMIT_MS,
    );
  }
});
