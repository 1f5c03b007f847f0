import path from 'node:path';
import { mirrorAt } from '../catalog/mirrors.js';
import { environmentEdit } from '../configure/env-file.js';
import { pipEnvironment } from '../configure/pip.js';
import type { OpenSources } from '../sources/open.js';
import type { LaterEnvironment } from '../values/later.js';
import type { Runner } from '../values/runner.js';
import type { Run } from './context.js';

function virtualEnvironment(venv: string | null, python: string): LaterEnvironment {
  return venv === null
    ? { variables: {}, path: [] }
    : { variables: { VIRTUAL_ENV: venv }, path: [path.dirname(python)] };
}

/** What later steps are told: the environment on PATH, and the chosen index for pip. Written to `environment-file` too, through the journal. */
export async function tellLater(
  run: Run,
  { interpreter }: Runner,
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
    await context.journal.edit(environmentEdit(request.envFile, later, context.environment['PATH'] ?? ''));
    if (context.journal.owner.scope === 'keep') context.log.info(`${request.envFile} stays until you run \`restore\`.`);
  }
  return later;
}
