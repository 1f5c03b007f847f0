import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mirrors } from '../../src/catalog/mirrors.js';
import { openJournal } from '../../src/configure/journal.js';
import { beginStory, type Context, type Run } from '../../src/pipeline/context.js';
import { startDeadline } from '../../src/pipeline/deadline.js';
import { tellPip } from '../../src/pipeline/tell-pip.js';
import { startTimeline } from '../../src/report/timeline.js';
import { parseRequest } from '../../src/request/parse.js';
import { probeInterpreter } from '../../src/runner/interpreter.js';
import { operatingSystem } from '../../src/runner/platform.js';
import type { Source } from '../../src/values/source.js';
import { keptLog } from '../support/log.js';
import { type Machine, makeMachine } from '../support/machine.js';

let machine: Machine;
beforeEach(async () => {
  machine = await makeMachine();
});
afterEach(() => machine.remove());

const chosen: Source = {
  id: 'here',
  kind: 'python',
  url: 'http://127.0.0.1:9/simple/',
  credentials: null,
  connections: 1,
  group: 'here',
  origin: 'mirrors',
};
const publicIndex = mirrors.find(({ id }) => id === 'tuna')?.url ?? '';

/** Tells the user's pip of an index, with an environment that has a pip.conf of its own or none. Gives the ids of what was warned of. */
async function warned(settings: string | null): Promise<readonly string[]> {
  const venv = join(machine.work, 'venv');
  execFileSync(machine.python, ['-m', 'venv', '--without-pip', venv]);
  if (settings !== null) await writeFile(join(venv, process.platform === 'win32' ? 'pip.ini' : 'pip.conf'), settings);
  // Variables beat files, so those of this machine would hide what the files say.
  const kept = Object.entries({ ...process.env, ...machine.environment });
  const environment = Object.fromEntries(kept.filter(([name]) => !name.startsWith('PIP_')));
  const log = keptLog();
  const owner = { id: 'a', scope: 'job', runner: 'r', run: 'a', parent: null } as const;
  const journal = openJournal({ folder: join(machine.home, 'state'), owner, places: [machine.home] });
  const { signal } = new AbortController();
  const context: Context = {
    environment,
    home: machine.home,
    log,
    journal,
    timeline: startTimeline(() => undefined),
    signal,
    version: '0',
    started: new Date(0),
  };
  const known = { devices: ['auto'], mirrors: [], distributions: new Set<string>() };
  const raw = { venv, python: machine.python, 'pip-config': 'user' };
  const given = { cwd: machine.work, environment, known, origin: 'input', onlyLooks: false } as const;
  const request = await parseRequest(raw, given);
  const deadline = startDeadline(60_000, signal);
  const state = { undo: null, save: null, notSaved: null };
  const run: Run = { request, context, deadline, story: beginStory('setup', context), state };
  const interpreter = await probeInterpreter({ python: 'python', venv, environment, signal });
  await tellPip(
    run,
    { interpreter, os: operatingSystem(process.platform) },
    { ranked: () => [chosen], used: () => [chosen.id] },
  );
  expect(Object.keys(run.story.configured)).toHaveLength(1);
  return log.notices.map(({ id }) => id);
}

test("an environment's own pip.conf that beats what was told is not passed over", async () => {
  expect(publicIndex).not.toBe('');
  expect(await warned(`[global]\nindex-url = ${publicIndex}\n`)).toEqual(['pip-config-beaten']);
});

test('an environment without one takes what was told', async () => {
  expect(await warned(null)).toEqual([]);
});
