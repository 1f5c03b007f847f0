import { statSync } from 'node:fs';
import { mirrorAt } from '../catalog/mirrors.js';
import type { Edit } from '../configure/journal.js';
import { pipFile, pipVariables, pipWish } from '../configure/pip.js';
import { probeInterpreter } from '../runner/interpreter.js';
import type { OpenSources } from '../sources/open.js';
import type { Runner } from '../values/runner.js';
import { tell } from './conclude.js';
import type { Run } from './context.js';

/** The edit that tells pip by its own file, null where it is told by variables. */
export function pipEdit(
  { request, context }: Run,
  os: Runner['os'],
  options: Readonly<Record<string, string>>,
): Edit | null {
  if (request.pipConfig === 'env' || !request.configure.includes('pip')) return null;
  const isFolder = (folder: string): boolean => statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
  const file = pipFile(request.pipConfig, os, context.environment, context.home, isFolder);
  // pip reads as the user of a later step, who may be another one.
  const mode = request.pipConfig === 'user' ? 0o600 : 0o644;
  return { path: file, editor: 'pip-ini', part: options, mode, wish: 'pip-config' };
}

/** What the pip of later steps takes by now, so that a setting that beats ours is not passed over: an environment has settings of its own. */
async function confirm(run: Run, file: string, wanted: string): Promise<void> {
  const { request, context, deadline } = run;
  const { venv } = request;
  // That the environment belongs to the Python that the user names was asked before.
  const python = venv === null ? request.python : 'python';
  const asked = { python, venv, environment: context.environment, signal: deadline.signal };
  const { value, origin } = (await probeInterpreter(asked)).pipSettings['index-url'] ?? {};
  if (value === wanted) return;
  const text = `pip was told in ${file}, but it takes ${value === undefined ? 'no index' : 'the index'} of ${origin ?? 'nowhere'}, which beats that file.`;
  tell(run, [{ id: 'pip-config-beaten', text }]);
}

/** Tells the pip of later steps of the index that served, or that is the best known where none was asked. Gives the variables for them; a file is edited here. */
export async function tellPip(
  run: Run,
  { interpreter, os }: Pick<Runner, 'interpreter' | 'os'>,
  sources: Pick<OpenSources, 'ranked' | 'used'>,
): Promise<Readonly<Record<string, string>>> {
  const { request, context, story } = run;
  if (!request.configure.includes('pip')) {
    context.log.info("Later steps' pip is left alone: configure leaves it out.");
    return {};
  }
  const isPublic = (url: string): boolean =>
    mirrorAt(url) !== undefined || url.replace(/\/*$/, '') === interpreter.officialIndex?.url.replace(/\/*$/, '');
  const chosen = sources.ranked().find(({ kind }) => kind === 'python') ?? null;
  const served = chosen !== null && sources.used().includes(chosen.id);
  const wish = pipWish({ interpreter, chosen, served, isPublic });
  context.log.info(wish.why);
  const edit = pipEdit(run, os, wish.options);
  if (edit === null) return pipVariables(wish);
  const index = wish.options['index-url'];
  if (index === undefined) return {};
  await context.journal.edit(edit);
  const told = Object.entries(wish.options).map(([name, value]) => `${name} = ${value}`);
  story.configured = { ...story.configured, [edit.path]: told.join(', ') };
  context.log.info(`Told pip in ${edit.path}: ${told.join(', ')}.`);
  await confirm(run, edit.path, index);
  return {};
}
