import type { Request } from '../values/request.js';
import type { InputName } from './inputs.js';
import { type Report, show } from './rules.js';

/** How messages name an input: `report` or `--report`. */
type Naming = (name: InputName) => string;

/** Refuses a file that would be written over another one of the request. `requirements`: absolute paths. */
export function checkFiles(
  { envFile, reportFile }: Pick<Request, 'envFile' | 'reportFile'>,
  requirements: readonly string[],
  where: Naming,
  report: Report,
): void {
  const read = requirements.map((path) => ['requirements', path] as const);
  const written = [['environment-file', envFile] as const, ['report', reportFile] as const];
  for (const [at, [name, path]] of written.entries()) {
    const other = [...read, ...written.slice(0, at)].find(([, one]) => path !== null && one === path);
    if (path === null || other === undefined) continue;
    report({
      where: where(name),
      what: `It is ${show(path)}, which ${where(other[0])} is too.`,
      remedy: 'Name another file.',
    });
  }
}

/**
 * Refuses what `install: off` would never do: tell later steps of an environment that is not there. `venv` stays, as it names the Python that
 * the files are for, and tools that run containers are told all the same.
 */
export function checkWarmUp(
  { install, envFile, pipConfig, configure }: Pick<Request, 'install' | 'envFile' | 'pipConfig' | 'configure'>,
  where: Naming,
  report: Report,
): void {
  if (install) return;
  const untold: readonly (readonly [InputName, boolean])[] = [
    ['environment-file', envFile !== null],
    ['pip-config', pipConfig !== 'env'],
    ['configure', configure.includes('conda')],
  ];
  for (const [name] of untold.filter(([, isGiven]) => isGiven)) {
    report({
      where: where(name),
      what: `${name === 'configure' ? 'It names conda' : 'It is given'}, but ${where('install')} is off: that only fills the cache, and later steps are not told.`,
      remedy: `Leave ${name === 'configure' ? 'conda' : 'it'} out here; it belongs to the jobs that install.`,
    });
  }
}
