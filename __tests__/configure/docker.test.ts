import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { dockerEffect, settleDocker, tellDocker } from '../../src/configure/docker.js';
import { findDaemon } from '../../src/configure/docker-daemon.js';
import { type Journal, openJournal } from '../../src/configure/journal.js';
import { owners, undo } from '../../src/configure/journal-undo.js';
import { openEngine } from '../../src/images/engine.js';
import type { Failure } from '../../src/values/failure.js';
import { type Dockerd, hasDockerd, startDockerd } from '../support/dockerd.js';

const signal = new AbortController().signal;
const [one, two, own] = ['http://127.0.0.1:5901', 'http://127.0.0.1:5902', 'https://corporate.example'] as const;

(hasDockerd() ? describe : describe.skip)('a running dockerd', () => {
  let daemon: Dockerd;
  let state: string;

  function journalOf(id: string): Journal {
    const owner = { id, scope: 'job' as const, runner: 'r', run: id, parent: null };
    return openJournal({ folder: state, owner, places: [] });
  }

  const mirrors = async (): Promise<readonly string[]> => (await daemon.engine.info(signal)).mirrors;
  const leave = (id: string) =>
    undo(state, new Set([id]), {
      [dockerEffect]: () => settleDocker(daemon.socket, state, daemon.engine),
    });
  async function tell(id: string, addresses: readonly string[], patienceMs?: number): Promise<readonly string[]> {
    const found = await findDaemon(daemon.socket, false);
    if (found === null) throw new Error('no daemon found');
    return tellDocker(journalOf(id), daemon.engine, found, addresses, signal, patienceMs);
  }

  beforeAll(async () => {
    state = await mkdtemp(join(tmpdir(), 'state-'));
    daemon = await startDockerd('{\n  "log-level": "info"\n}\n');
  }, 40_000);

  afterAll(async () => {
    await daemon.close();
    await rm(state, { recursive: true, force: true });
  }, 30_000);

  test('is found by its socket, with the file that it really reads', async () => {
    const found = await findDaemon(daemon.socket, false);
    expect(found).toMatchObject({ pid: daemon.pid, file: daemon.file, mirrorsByFlag: false, sameFile: true });
    expect(await findDaemon('/nowhere/docker.sock', false)).toBeNull();
  });

  test('takes mirrors without a restart and confirms them; afterwards file and daemon are as before', async () => {
    const before = await readFile(daemon.file);
    expect(await tell('a', [one, two])).toEqual([one, two]);
    expect(await mirrors()).toEqual([`${one}/`, `${two}/`]);
    expect(JSON.parse(await readFile(daemon.file, 'utf8'))).toMatchObject({ 'log-level': 'info' });
    const undone = await leave('a');
    expect(undone.left).toEqual([]);
    expect(undone.effects.join()).toContain('no mirror');
    expect(await mirrors()).toEqual([]);
    expect(await readFile(daemon.file)).toEqual(before);
    expect((await findDaemon(daemon.socket, false))?.pid).toBe(daemon.pid);
  }, 60_000);

  test('serves two jobs with different wishes, each of which takes out only its own', async () => {
    await tell('a', [one]);
    await tell('b', [two]);
    expect(await mirrors()).toEqual([`${two}/`, `${one}/`]);
    await leave('a');
    expect(await mirrors()).toEqual([`${two}/`]);
    await leave('b');
    expect(await mirrors()).toEqual([]);
  }, 60_000);

  test('that refuses its file keeps what it had, the file is put back, and that is said', async () => {
    const failure = tell('c', [`${own}/?query`], 1_500);
    await expect(failure).rejects.toMatchObject({ name: 'Failure', exitCode: 1 });
    const said = await failure.catch(({ problems }: Failure) => problems[0]);
    expect(said).toMatchObject({ what: expect.stringContaining('as before') });
    expect(await readFile(daemon.file, 'utf8')).toBe('{\n  "log-level": "info"\n}\n');
    await leave('c');
  }, 60_000);
});

(hasDockerd() ? test : test.skip)(
  'a dockerd with mirrors on its command line is seen as such',
  async () => {
    const daemon = await startDockerd('{}', ['--registry-mirror', own]);
    try {
      const found = await findDaemon(daemon.socket, false);
      expect(found).toMatchObject({ mirrorsByFlag: true, sameFile: true });
    } finally {
      await daemon.close();
    }
  },
  60_000,
);

test('a daemon that answers wrongly may still have our mirrors: that stays on record until it says otherwise, or is gone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'daemon-'));
  const socket = join(folder, 's');
  const owner = { id: 'a', scope: 'job' as const, runner: 'r', run: 'a', parent: null };
  const journal = openJournal({ folder: join(folder, 'state'), owner, places: [] });
  await journal.afterwards(dockerEffect, { socket, folder: journal.folder });
  const leave = () =>
    undo(journal.folder, new Set(['a']), {
      [dockerEffect]: () => settleDocker(socket, journal.folder, openEngine(socket)),
    });
  const answers: readonly [status: number, body: string, why: string][] = [
    [500, '{"message":"still starting"}', 'still starting'],
    [200, '{', 'JSON'],
    // A process of another name listens.
    [200, '{}', "its process can't be seen"],
  ];
  let [status, body] = [0, ''];
  const server = createServer((_, response) => response.writeHead(status).end(body));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  try {
    for (const [code, text, why] of answers) {
      [status, body] = [code, text];
      expect(await leave()).toMatchObject({ effects: [], left: [{ why: expect.stringContaining(why) }] });
      expect(await owners(journal.folder)).toHaveLength(1);
    }
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
  expect(await leave()).toMatchObject({ effects: [expect.stringContaining('does not run any more')], left: [] });
  expect(await owners(journal.folder)).toEqual([]);
  await rm(folder, { recursive: true, force: true });
});
