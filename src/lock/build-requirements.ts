import { parse, TomlError } from 'smol-toml';

/** What building takes where a project does not say it (PEP 518, PEP 517). */
const unsaid = ['setuptools>=40.8.0', 'wheel'];

/**
 * The build requirements of an sdist, from the text of its `pyproject.toml` (`[build-system] requires`, PEP 518);
 * null: it has no such file. A file that can't be read says nothing, and the build will say why.
 */
export function buildRequirements(pyproject: string | null): string[] {
  if (pyproject === null) return unsaid;
  let table: unknown;
  try {
    table = parse(pyproject)['build-system'];
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return [];
  }
  if (typeof table !== 'object' || table === null || !('requires' in table)) return unsaid;
  const { requires } = table;
  return Array.isArray(requires) ? requires.filter((entry) => typeof entry === 'string') : [];
}
