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
