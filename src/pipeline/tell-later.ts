import path from 'node:path';
import { mirrorAt } from '../catalog/mirrors.js';
import { writeEnvFile } from '../configure/env-file.js';
import { type JournalOwner, openJournal } from '../configure/journal.js';
import { pipEnvironment } from '../configure/pip.js';
import { stateFolder } from '../configure/state-folder.js';
import type { OpenSources } from '../sources/open.js';
import type { LaterEnvironment } from '../values/later.js';
import type { Runner } from '../values/runner.js';
import type { Context, Run } from './context.js';

/**
 * Whose changes these are. In a job they are undone at its end; RUNNER_TRACKING_ID is new for every job, so that a job finds what a
 * killed one left. In a shell there is no end, so they stay until `restore`.
 */
export function journalOwner(environment: NodeJS.ProcessEnv): JournalOwner {
  const inJob = environment['GITHUB_ACTIONS'] === 'true';
  const run =
    environment['RUNNER_TRACKING_ID'] ??
    [environment['GITHUB_RUN_ID'], environment['GITHUB_RUN_ATTEMPT'], environment['GITHUB_JOB']].join('-');
  return inJob
    ? { scope: 'job', runner: environment['RUNNER_NAME'] ?? 'runner', run }
    : { scope: 'keep', runner: 'shell', run: 'shell' };
}

/** Folder that holds the journals. */
export function journalFolder(os: Runner['os'], context: Context): string {
  return stateFolder(os, context.environment, context.home);
}

function virtualEnvironment(venv: string | null, python: string): LaterEnvironment {
  return venv === null
    ? { variables: {}, path: [] }
    : { variables: { VIRTUAL_ENV: venv }, path: [path.dirname(python)] };
}

/** What later steps are told: the environment on PATH, and the chosen index for pip. Written to `environment-file` too, through the journal. */
export async function tellLater(
  run: Run,
  { interpreter, os }: Runner,
  python: string,
  sources: OpenSources,
): Promise<LaterEnvironment> {
  const { request, context, story } = run;
  const isPublic = (url: string): boolean =>
    mirrorAt(url) !== undefined || url.replace(/\/*$/, '') === interpreter.officialIndex?.url.replace(/\/*$/, '');
  const chosen = sources.ranked().find(({ kind }) => kind === 'python') ?? null;
  const pip = request.configure.includes('pip')
    ? pipEnvironment({ interpreter, chosen, isPublic })
    : { variables: {}, why: "Later steps' pip is left alone: configure leaves it out." };
  context.log.info(pip.why);
  const environment = virtualEnvironment(request.venv, python);
  const later = { variables: { ...environment.variables, ...pip.variables }, path: environment.path };
  const front = later.path.join(path.delimiter);
  story.configured = front === '' ? later.variables : { ...later.variables, PATH: `${front} in front` };
  if (request.envFile !== null) {
    const owner = journalOwner(context.environment);
    const journal = openJournal(journalFolder(os, context), owner);
    run.state = { ...run.state, journals: [...run.state.journals, journal.file] };
    await writeEnvFile(request.envFile, later, context.environment['PATH'] ?? '', journal);
    if (owner.scope === 'keep') context.log.info(`${request.envFile} stays until you run \`restore\`.`);
  }
  return later;
}
