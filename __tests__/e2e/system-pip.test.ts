import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Machine, makeMachine, repository } from '../support/machine.js';
import { has } from '../support/registry.js';
import { openShop, type Shop, short, withUv } from './shop.js';

const company = '# of the company\n[global]\ntimeout: 30\n\n[list]\nformat = columns';

let machine: Machine;
let shop: Shop;
beforeEach(async () => {
  [machine, shop] = await Promise.all([makeMachine(), openShop()]);
});
afterEach(() => Promise.all([shop.close(), machine.remove()]));

/** Only root can give a process another /etc. */
function canHaveOwnEtc(): boolean {
  if (process.platform === 'linux' && process.getuid?.() === 0) return has('unshare', 'mount');
  process.stdout.write('skipped: only root on Linux can have an /etc of its own for a test\n');
  return false;
}

(canHaveOwnEtc() ? describe : describe.skip)('the pip of the system', () => {
  test('is told in /etc/pip.conf, takes it, and has its own file back', async () => {
    // A copy of /etc stands in the place of the machine's own, for these processes alone.
    const etc = join(machine.home, '..', 'etc');
    await mkdir(etc);
    execFileSync('cp', ['-a', '/etc/.', etc]);
    const conf = join(etc, 'pip.conf');
    await writeFile(conf, company);
    await chmod(conf, 0o640);
    const before = statSync(conf);
    const apart = async (...program: readonly string[]): Promise<string> => {
      const call = ['--mount', 'sh', '-c', 'mount --bind "$0" /etc && exec "$@"', etc, ...program];
      const settings = Object.entries({ ...machine.environment, ...withUv(machine) });
      // Variables beat files, so those of this machine would hide what the file says.
      const env = Object.fromEntries(settings.filter(([name]) => !/^PIP_(?:INDEX_URL|DEFAULT_TIMEOUT)$/.test(name)));
      const ran = await promisify(execFile)('unshare', call, { cwd: machine.work, env, timeout: 60_000 });
      return ran.stdout + ran.stderr;
    };
    const cli = (...args: readonly string[]) =>
      apart(process.execPath, join(repository, 'dist', 'cli', 'index.js'), ...args);
    const pip = (...args: readonly string[]) => apart(machine.python, '-m', 'pip', 'config', ...args);
    const said = await cli('setup', ...short(machine, shop), '--venv', '.paddle', '--pip-config', 'system');
    expect(said).toContain(`Told pip in /etc/pip.conf: index-url = ${shop.index.index}`);
    expect(readFileSync(conf, 'utf8')).toContain('# of the company\n[global]\ntimeout: 30\n');
    expect([statSync(conf).mode, statSync(conf).uid]).toEqual([before.mode, before.uid]);
    expect(await pip('debug')).toMatch(
      new RegExp(`/etc/pip.conf, exists: True\\n\\s+global.timeout: 30\\n\\s+global.index-url: ${shop.index.index}\\n`),
    );
    expect(await pip('list')).toContain(`global.index-url='${shop.index.index}'`);
    expect(await cli('restore')).toContain('Put back /etc/pip.conf');
    expect(readFileSync(conf, 'utf8')).toBe(company);
    expect([statSync(conf).mode, statSync(conf).uid]).toEqual([before.mode, before.uid]);
    expect(await pip('debug')).not.toContain('index-url');
  }, 90_000);
});
