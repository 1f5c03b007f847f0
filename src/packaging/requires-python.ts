import { isSpecifier } from './version.js';

/**
 * `Requires-Python` (core metadata specification) as PEP 440 writes it. Files from before it was checked say `>=3.6.*` or end in a comma,
 * and pip and uv take them all the same. Null where it restricts nothing, or can't be read, which counts as that (pip: "ignoring").
 */
export function readRequiresPython(text: string | null): string | null {
  if (text === null || text.trim() === '') return null;
  if (isSpecifier(text)) return text;
  const clauses = text
    .split(',')
    .map((clause) => clause.trim().replace(/^(>=|<=|>|<|~=)\s*(\d+(?:\.\d+)*)\.\*$/, '$1$2'))
    .filter((clause) => clause !== '')
    .join(',');
  return isSpecifier(clauses) && clauses !== '' ? clauses : null;
}
