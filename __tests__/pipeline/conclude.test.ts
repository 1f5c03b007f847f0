import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openJournal } from '../../src/configure/journal.js';
import { conclude, looked } from '../../src/pipeline/conclude.js';
import type { Context } from '../../src/pipeline/context.js';
import { startTimeline } from '../../src/report/timeline.js';
import { parseRequest } from '../../src/request/parse.js';
import { Failure } from '../../src/values/failure.js';
import { keptLog } from '../support/log.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'conclude-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A command with a report in a folder; `stages` is what it does. */
async function command(stages: () => Promise<typeof looked>) {
  const owner = { id: 'a', scope: 'job', runner: 'r', run: 'a', parent: null } as const;
  const context: Context = {
    environment: {},
    home: folder,
    log: keptLog(),
    journal: openJournal({ folder: join(folder, 'state'), owner, places: [] }),
    timeline: startTimeline(() => undefined),
    signal: new AbortController().signal,
    version: '0',
    started: new Date(0),
  };
  const known = { devices: ['auto', 'cpu'], mirrors: [], distributions: new Set<string>() };
  const given = { cwd: folder, environment: {}, known, origin: 'input', onlyLooks: false } as const;
  const request = await parseRequest({ report: 'report.json' }, given);
  return conclude('setup', request, context, stages);
}

const lost = { where: 'report', what: expect.stringContaining('(ENOENT)'), remedy: expect.any(String) };
const refused = { where: 'device', what: 'It is none.', remedy: 'Take another one.' };

test('the report is written at the end', async () => {
  expect(await command(async () => looked)).toMatchObject({ exitCode: 0, report: { outcome: 'done', problems: [] } });
  expect(JSON.parse(await readFile(join(folder, 'report.json'), 'utf8'))).toMatchObject({ outcome: 'done' });
});

test('a report that can not be written is a problem like others', async () => {
  const outcome = await command(async () => {
    await rm(folder, { recursive: true });
    return looked;
  });
  expect(outcome).toMatchObject({ exitCode: 1, report: { outcome: 'failed', problems: [lost] } });
});

test('and hides no other one', async () => {
  const outcome = await command(async () => {
    await rm(folder, { recursive: true });
    throw new Failure(2, [refused]);
  });
  expect(outcome).toMatchObject({ exitCode: 2, report: { problems: [refused, lost] } });
});
