import { afterAll, expect, test } from '@jest/globals';
import { openJournal } from '../../src/configure/journal.js';
import { beginStory, type Context, type Run } from '../../src/pipeline/context.js';
import { startDeadline } from '../../src/pipeline/deadline.js';
import { openDesk } from '../../src/pipeline/desk.js';
import { startTimeline } from '../../src/report/timeline.js';
import { machine, request } from '../plan/machines.js';
import { keptLog } from '../support/log.js';
import { type Mirror, startMirror } from '../support/mirror.js';

let official: Mirror;
afterAll(() => official.close());

test('a run that ends while a slow index is measured blames no source for its own closed connections', async () => {
  const wheel = Buffer.concat([Buffer.from('PK'), Buffer.alloc(300_000)]);
  official = await startMirror({
    files: { six: { 'six-1.16.0-py2.py3-none-any.whl': wheel } },
    bytesPerSecondPerConnection: 50_000,
  });
  const log = keptLog();
  const { signal } = new AbortController();
  const owner = { id: 'a', scope: 'job', runner: 'r', run: 'a', parent: null } as const;
  const context: Context = {
    environment: {},
    home: '/nowhere',
    log,
    journal: openJournal({ folder: '/nowhere', owner, places: [] }),
    timeline: startTimeline(() => undefined),
    signal,
    version: '0',
    started: new Date(0),
  };
  const run: Run = {
    request: request({ dockerImages: [] }),
    context,
    deadline: startDeadline(20_000, signal),
    story: beginStory('plan', context),
    state: { undo: null, save: null, notSaved: null },
  };
  const runner = machine('linux-x64', { officialIndex: { url: official.index, origin: 'pip' } });
  const desk = await openDesk(run, runner, null);
  expect((await desk.sources.page('six')).answered).toEqual(['official']);
  await desk.close();
  expect(await desk.sources.keep()).toBeNull();
  expect(desk.sources.faults()).toEqual([]);
  expect(log.lines.filter((line) => line.includes('measured'))).toEqual([]);
});
