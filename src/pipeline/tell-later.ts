import path from 'node:path';
import { environmentEdit } from '../configure/env-file.js';
import type { LaterEnvironment } from '../values/later.js';
import type { Runner } from '../values/runner.js';
import type { Run } from './context.js';
import type { Desk } from './desk.js';
import type { Prepared } from './prepare.js';
import { tellConda } from './tell-conda.js';
import { pipEdit, tellPip } from './tell-pip.js';

function virtualEnvironment(venv: string | null, python: string): LaterEnvironment {
  return venv === null
    ? { variables: {}, path: [] }
    : { variables: { VIRTUAL_ENV: venv }, path: [path.dirname(python)] };
}

/** Refuses now, before anything is downloaded or changed, what could not be written at the end. Throws Failure(2). */
export async function checkEdits(run: Run, { os }: Runner): Promise<void> {
  const { request, context } = run;
  if (!request.install) return;
  const edits = [
    request.envFile === null ? null : environmentEdit(request.envFile, { variables: {}, path: [] }, ''),
    pipEdit(run, os, { 'index-url': '' }),
  ];
  for (const edit of edits) if (edit !== null) await context.journal.check(edit);
}

/** What later steps are told: the environment on PATH, and the chosen index for pip. Written to `environment-file` too, through the journal. */
export async function tellLater(
  run: Run,
  { runner, containers }: Prepared,
  python: string,
  desk: Desk,
): Promise<LaterEnvironment> {
  const { request, context, story } = run;
  const pip = await tellPip(run, runner, desk.sources);
  const conda = await tellConda(run, desk);
  const environment = virtualEnvironment(request.venv, python);
  const later = {
    variables: { ...environment.variables, ...pip, ...conda, ...containers?.variables },
    path: environment.path,
  };
  const front = later.path.join(path.delimiter);
  story.configured = {
    ...story.configured,
    ...later.variables,
    ...(front === '' ? {} : { PATH: `${front} in front` }),
  };
  if (request.envFile !== null)
    await context.journal.edit(environmentEdit(request.envFile, later, context.environment['PATH'] ?? ''));
  const tools = context.environment['RUNNER_TOOL_CACHE'] ?? '';
  const places = [
    ...(story.cache === null || story.cache.store === 'off' ? [] : [`the cache ${story.cache.folder}`]),
    `the journal ${context.journal.folder}`,
    ...(tools === '' ? [] : [`the tool cache ${tools}`]),
  ];
  context.log.info(`Beside the environment, what stays on this machine is in ${places.join(', ')}.`);
  const kept = context.journal.owner.scope === 'keep' ? await context.journal.files() : [];
  if (kept.length > 0) context.log.info(`What was put into ${kept.join(', ')} stays until you run \`restore\`.`);
  return later;
}
