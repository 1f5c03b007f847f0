import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { probeSources } from '../../src/commands/probe.js';
import { openRunJournal } from '../../src/pipeline/journal.js';
import { startTimeline } from '../../src/report/timeline.js';
import { pythonFiles } from '../e2e/shop.js';
import { request } from '../plan/machines.js';
import { type Mirror, startMirror } from '../support/mirror.js';
import { quiet } from '../transfer/setup.js';

/** The discard port, where nothing listens. */
const dead = 'http://127.0.0.1:9/simple/';
let folder: string;
let mirror: Mirror;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'probe-command-'));
  mirror = await startMirror({ files: pythonFiles() });
});
afterAll(async () => {
  await Promise.all([mirror.close(), rm(folder, { recursive: true, force: true })]);
});

async function probe(...addresses: string[]) {
  const mirrors = addresses.map((url) => ({ kind: 'url' as const, url, credentials: null }));
  const paddleIndexes = [{ url: dead, credentials: null }];
  return probeSources(request({ mirrors, paddleIndexes, device: 'cpu', python: 'python', dockerImages: [] }), {
    environment: process.env,
    home: homedir(),
    log: quiet,
    journal: await openRunJournal({ ...process.env, XDG_STATE_HOME: folder }, folder, 'job'),
    timeline: startTimeline(() => undefined),
    signal: new AbortController().signal,
    version: '0.0.0',
    started: new Date(),
  });
}

test('sources are fine where one of them answers', async () => {
  const { exitCode, report } = await probe(dead, mirror.index);
  expect([exitCode, report.problems]).toEqual([0, []]);
  expect(report.probes.map(({ fault }) => fault === null)).toEqual([true, false, false]);
});

test('a script learns that none does, a reader why', async () => {
  const { exitCode, report } = await probe(dead);
  expect([exitCode, report.problems.map(({ where, what }) => `${where}: ${what}`)]).toEqual([
    1,
    ['mirrors: No index of Python packages that was asked answers.'],
  ]);
  expect(report.probes).toMatchObject([0, 1].map(() => ({ url: dead, fault: { kind: expect.any(String) } })));
});
