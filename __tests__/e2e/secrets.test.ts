import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Machine, makeMachine } from '../support/machine.js';
import { startProxy } from '../support/proxy.js';
import { openShop, type Shop, setup } from './shop.js';

let machine: Machine;
let shop: Shop;

/** Answers only those who know the password. */
const locked = `Basic ${Buffer.from('who:hunter2').toString('base64')}`;

beforeEach(async () => {
  machine = await makeMachine();
  shop = await openShop({
    latencyMs: 20,
    fault: ({ headers }) => (headers.authorization === locked ? null : { kind: 'status', status: 401 }),
  });
});
afterEach(async () => {
  await Promise.all([shop.close(), machine.remove()]);
});

/** Files below a folder that hold the words. */
function holding(folder: string, words: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter(
      (file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true && readFileSync(file).includes(words),
    );
}

/** Command lines of what this process has started, where the system tells (Linux): other tests run their own programs at the same time. */
function commandLines(): string {
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'latin1');
    } catch (error) {
      // It has ended meanwhile.
      if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
      throw error;
    }
  };
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  // proc(5): the name, which may hold anything, is in parentheses; behind it stand the state and the parent.
  const parents = new Map(pids.map((pid) => [pid, /\) \S (\d+) [^)]*$/.exec(read(`/proc/${pid}/stat`))?.[1] ?? '0']));
  const isOurs = (pid: string): boolean => {
    const parent = parents.get(pid) ?? '0';
    return parent === String(process.pid) || (parent !== '0' && isOurs(parent));
  };
  return pids
    .filter(isOurs)
    .map((pid) => read(`/proc/${pid}/cmdline`).replaceAll('\0', ' '))
    .join('\n');
}

if (process.platform === 'linux') {
  describe('secrets', () => {
    for (const installer of ['uv', 'pip']) {
      test(`of an index and of the gateway are in no output, file or command line (${installer})`, async () => {
        const index = shop.index.index.replace('//', '//who:hunter2@');
        const proxy = await startProxy({ auth: 'agent:topsecret7' });
        const address = proxy.url.replace('//', '//agent:topsecret7@');
        const seen: string[] = [];
        let timer: NodeJS.Timeout | undefined;
        const options = ['--venv', '.paddle', '--installer', installer, '--mirrors', index, '--debug'];
        const files = ['--environment-file', 'later.env', '--lock-max-age', '0'];
        // The address is on our own command line, since the test writes it there: only children count.
        const said = await setup(machine, shop, [...options, ...files], { HTTP_PROXY: address }, () => {
          timer = setInterval(() => seen.push(commandLines()), 20);
        });
        clearInterval(timer);
        expect([said.stderr, said.exitCode]).toEqual([said.stderr, 0]);
        for (const secret of ['hunter2', 'topsecret7']) {
          expect(said.stdout + said.stderr).not.toContain(secret);
          expect(holding(machine.home, secret)).toEqual([]);
          expect(holding(join(machine.work, '.paddle'), secret)).toEqual([]);
        }
        const children = seen
          .join('\n')
          .split('\n')
          .filter((line) => /\b(?:uv|pip)\b/.test(line) && !line.includes('cli/index.js'));
        expect(children.length).toBeGreaterThan(0);
        // Credentials in an address: `//name:password@` or `//token@`.
        expect(children.filter((line) => /hunter2|topsecret7|:\/\/[^\s/]*@/.test(line))).toEqual([]);
        await proxy.close();
      });
    }
  });
} else process.stdout.write('secrets are not looked for in command lines here: only Linux tells them\n');
