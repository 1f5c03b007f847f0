import { rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openDirectoryStore } from '../../src/store/directory.js';
import { saveToGithub } from '../../src/store/github/save.js';
import { openShop, type Shop } from '../e2e/shop.js';
import { openHouse } from '../store/github/house.js';
import { keptLog } from '../support/log.js';
import { type Machine, makeMachine } from '../support/machine.js';
import { setupHere } from './in-process.js';

const { client, serve } = openHouse();
const { signal } = new AbortController();
const old = { sha256: 'a'.repeat(64), filename: 'old-1.0-py3-none-any.whl' };
let machine: Machine;
let shop: Shop;
beforeEach(async () => {
  machine = await makeMachine();
  shop = await openShop();
});
afterEach(() => Promise.all([shop.close(), machine.remove()]));

/** Runs with GitHub's cache and little room in the folder. */
const run = (inputs: Readonly<Record<string, string>>) =>
  setupHere(machine, shop, { cache: 'github', 'cache-write': 'always', 'cache-limit': '0.1MB', ...inputs });

/** Saves what the machine has to GitHub's cache, and leaves it with nothing but a wheel that was not used for ten days. */
async function moveToGithub(): Promise<void> {
  const { state } = await run({ install: 'off' });
  if (state.save === null) throw new Error(`nothing is to be saved: ${state.notSaved}`);
  const { folder, entry } = state.save;
  const store = await openDirectoryStore(folder);
  expect(await saveToGithub({ client, store, save: entry, log: keptLog(), signal })).not.toBeNull();
  await rm(folder, { recursive: true });
  const fresh = await openDirectoryStore(folder);
  const arrived = join(fresh.folders.staging, old.filename);
  await writeFile(arrived, Buffer.alloc(60_000));
  const { path } = await fresh.admit(arrived, old, 'hashed');
  const days = new Date(Date.now() - 10 * 24 * 3_600_000);
  await utimes(path, days, days);
}

test.each<[string, Record<string, string>]>([
  ['nothing is installed', { install: 'off' }],
  ['pip installs', { installer: 'pip', venv: 'env' }],
])('what GitHub’s cache brings counts against cache-limit, also where %s', async (_name, inputs) => {
  await serve();
  await moveToGithub();
  const venv = inputs['venv'] === undefined ? {} : { venv: join(machine.work, inputs['venv']) };
  const { exitCode, report } = await run({ ...inputs, ...venv });
  expect([report.problems, exitCode]).toEqual([[], 0]);
  expect(report.cache).toMatchObject({ filesReused: 4, bytesDownloaded: 0, github: { files: 4 } });
  expect(report.store?.evicted.map(({ name }) => name)).toEqual([old.filename]);
});
