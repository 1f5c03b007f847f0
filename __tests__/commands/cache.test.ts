import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { listCache, pruneCache, verifyCache } from '../../src/commands/cache.js';
import { openRunJournal } from '../../src/pipeline/journal.js';
import { startTimeline } from '../../src/report/timeline.js';
import { request } from '../plan/machines.js';
import { asAnother } from '../store/another-user.js';
import { keptLog } from '../support/log.js';

let folder = '';
let kept = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cache-command-'));
  kept = join(folder, 'paddle-mirror-setup');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The exit code with every problem in a line; the cache is the one that this machine keeps unless `path` names another. */
async function saidOf(command: typeof listCache, path: string | null = null): Promise<string> {
  const environment = { ...process.env, RUNNER_TOOL_CACHE: folder };
  const { exitCode, report } = await command(request({ cachePath: path, cacheLimit: 1000 }), {
    environment,
    home: homedir(),
    log: keptLog(),
    journal: await openRunJournal({ ...environment, XDG_STATE_HOME: folder }, folder, 'job'),
    timeline: startTimeline(() => undefined),
    signal: new AbortController().signal,
    version: '0.0.0',
    started: new Date(),
  });
  return [exitCode, ...report.problems.map(({ where, what }) => `${where}: ${what}`)].join('\n');
}
const commands = { ls: listCache, verify: verifyCache, prune: pruneCache };

describe.each(Object.entries(commands))('cache %s', (_name, command) => {
  test('says so where a file is in the place of the cache', async () => {
    await writeFile(kept, '');
    expect(await saidOf(command)).toBe(`2\ncache-path: ${kept} is no cache folder: there are no wheels in it.`);
  });

  test('says so where the cache is closed to this user', async () => {
    await mkdir(join(kept, 'wheels'), { recursive: true });
    await chmod(kept, 0o000);
    await asAnother(folder, [], async () => {
      expect(await saidOf(command)).toBe(`2\ncache-path: ${kept} is closed to this user.`);
    });
    await chmod(kept, 0o755);
  });
});
