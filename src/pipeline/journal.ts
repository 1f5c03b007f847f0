import { dockerEffect, settleDocker } from '../configure/docker.js';
import { textOf } from '../configure/editor.js';
import { type Journal, openJournal } from '../configure/journal.js';
import type { JournalOwner } from '../configure/journal-ledger.js';
import type { Effect } from '../configure/journal-undo.js';
import { stateFolder } from '../configure/state-folder.js';
import { openEngine } from '../images/engine.js';
import { markProcess } from '../process/mark.js';
import { operatingSystem } from '../runner/platform.js';
import type { Request } from '../values/request.js';

/** What is done once files are back, by the name that a journal records. */
export const effects: Readonly<Record<string, Effect>> = {
  [dockerEffect]: (data) => {
    const socket = textOf(data, 'socket');
    return settleDocker(socket, textOf(data, 'folder'), openEngine(socket));
  },
};

/**
 * Whose changes these are. RUNNER_TRACKING_ID is new for every job, so that a job finds what a killed one left; where a system does not set
 * it, the process that started this one tells whether its job still runs. In a shell there is no end, so changes stay until `restore`.
 */
async function journalOwner(environment: NodeJS.ProcessEnv, scope: Request['scope']): Promise<JournalOwner> {
  const inJob = environment['GITHUB_ACTIONS'] === 'true';
  const runner = inJob ? (environment['RUNNER_NAME'] ?? 'runner') : 'shell';
  const run = environment['RUNNER_TRACKING_ID'] ?? '';
  // In a container the first process has no parent that could be seen.
  const parent = process.ppid > 0 ? await markProcess(process.ppid) : null;
  const keep = scope === 'keep' || !inJob;
  return keep
    ? { id: `keep-${runner}`, scope: 'keep', runner, run, parent: null }
    : { id: crypto.randomUUID(), scope: 'job', runner, run, parent };
}

/** The journal of this run of the program. Nothing is on disk until the first change. */
export async function openRunJournal(
  environment: NodeJS.ProcessEnv,
  home: string,
  scope: Request['scope'],
): Promise<Journal> {
  return openJournal({
    folder: stateFolder(operatingSystem(process.platform), environment, home),
    owner: await journalOwner(environment, scope),
    places: [process.cwd(), home, '/etc'],
  });
}
