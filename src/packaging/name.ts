/** PEP 508: letters, digits, `.`, `_` and `-`, with a letter or digit at both ends. */
const namePattern = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/i;

/** Whether `text` is a valid distribution name (PEP 508). */
export function isName(text: string): boolean {
  return namePattern.test(text);
}

/** The spelling under which indexes and caches know a project (PEP 503): lower case, runs of `-_.` become one `-`. */
export function normalise(name: string): string {
  return name.replace(/[-_.]+/g, '-').toLowerCase();
}
