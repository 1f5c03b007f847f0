import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Outcome } from '../../src/pipeline/context.js';
import { openRunJournal } from '../../src/pipeline/journal.js';
import { readRequest } from '../../src/pipeline/read-request.js';
import { startTimeline } from '../../src/report/timeline.js';
import { setup } from '../../src/setup.js';
import { listWheels } from '../../src/store/inventory.js';
import { type Shop, withUv } from '../e2e/shop.js';
import { keptLog } from '../support/log.js';
import type { Machine } from '../support/machine.js';

/** Folder of a machine's cache. */
export const storeOf = ({ home }: Machine): string => join(home, 'store');

/** Runs `setup` on a machine in this process, its cache in the machine's home. Gives the outcome; inputs given in `more` win. */
export async function setupHere(
  machine: Machine,
  { index, paddle }: Shop,
  more: Readonly<Record<string, string>>,
  extra: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const environment: NodeJS.ProcessEnv = { ...machine.environment, ...withUv(machine), ...extra };
  const { signal } = new AbortController();
  const log = keptLog();
  const raw = {
    python: machine.python,
    mirrors: index.index,
    'paddle-index': paddle.index,
    device: 'cpu',
    configure: 'pip',
    verify: 'off',
    'cache-path': storeOf(machine),
    ...more,
  };
  const request = await readRequest(raw, { origin: 'flag', onlyLooks: false }, environment, log, signal);
  return setup(request, {
    environment,
    home: machine.home,
    log,
    journal: await openRunJournal(environment, machine.home, request.scope),
    timeline: startTimeline(() => undefined),
    signal,
    version: '0.0.0',
    started: new Date(),
  });
}

/** Changes the bytes of every wheel of the machine's cache whose name begins so, and leaves their lengths. Gives how many bytes these are. */
export async function spoil(machine: Machine, start: string): Promise<number> {
  const wheels = (await listWheels(storeOf(machine))).filter(({ name }) => name.startsWith(start));
  for (const { path } of wheels) {
    await chmod(path, 0o644);
    await writeFile(path, (await readFile(path)).fill(0));
  }
  return wheels.reduce((sum, { bytes }) => sum + bytes, 0);
}
