import { chmod, chown, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { userName } from '../../src/store/sharing.js';
import { type Machine, makeMachine } from '../support/machine.js';
import { openShop, type Shop, setup } from './shop.js';
import { users } from './users.js';

const stranger = users?.[1].ids?.uid ?? null;
if (stranger === null) process.stdout.write('locks of another user are not tried: only root can give files away\n');
const asRoot = stranger === null ? describe.skip : describe;

let machine: Machine;
let shop: Shop;
let cache: string;
beforeEach(async () => {
  machine = await makeMachine();
  shop = await openShop();
  cache = join(machine.home, 'shared');
  await mkdir(cache);
  await chmod(cache, 0o2775);
});
afterEach(() => Promise.all([shop.close(), machine.remove()]));

const install = (venv: string) => setup(machine, shop, ['--cache-path', cache, '--venv', venv]);

/** The kept lock becomes another user's, with what that one writes into it. */
async function giveAway(change: (text: string) => string): Promise<void> {
  const [key = ''] = await readdir(join(cache, 'locks'));
  const file = join(cache, 'locks', key, 'pylock.toml');
  await writeFile(file, change(await readFile(file, 'utf8')));
  await chown(file, stranger ?? 0, -1);
}

/** This user has never seen the lock. */
const forget = () => rm(join(cache, 'users', userName(), 'locks'), { recursive: true });

asRoot('a lock that another user of the cache folder wrote', () => {
  test('is resolved again where a file has another hash than on the index', async () => {
    expect((await install('first')).exitCode).toBe(0);
    await giveAway((text) => text.replaceAll(/sha256 = "[0-9a-f]{64}"/g, `sha256 = "${'0'.repeat(64)}"`));
    const said = await install('second');
    expect([said.stderr, said.exitCode]).toEqual([said.stderr, 0]);
    expect(said.report.notices.map(({ text }) => text).join()).toMatch(
      /lock from another user of the cache folder is resolved again: \S+ has another hash on the index/,
    );
    expect(said.report.lock.resolved).toBe(true);
  });

  test('is checked once and then used without any index', async () => {
    expect((await install('first')).exitCode).toBe(0);
    await giveAway((text) => text);
    await forget();
    const asked = shop.index.requests.length;
    const second = await install('second');
    expect([second.stderr, second.exitCode]).toEqual([second.stderr, 0]);
    expect(second.report).toMatchObject({ lock: { resolved: false }, cache: { bytesDownloaded: 0 } });
    expect(shop.index.requests.length).toBeGreaterThan(asked);
    const checked = shop.index.requests.length;
    const third = await install('third');
    expect([third.stderr, third.exitCode]).toEqual([third.stderr, 0]);
    expect(shop.index.requests).toHaveLength(checked);
  });
});
