/** What an editor puts into a file: texts and lists of texts by name, since it is kept as JSON in the journal. Never a secret. */
export type Part = Readonly<Record<string, string | readonly string[]>>;

/**
 * Puts a part into a file of some form and takes it out again. Pure: the journal reads and writes. Both throw SyntaxError with a phrase
 * (`line 3 is neither ...`) where the file is broken; it is never repaired.
 */
export interface Editor {
  /** The file with the part in it; null: there is no file. What is there already stays. Putting a part twice is putting it once. */
  put(text: string | null, part: Part): string;
  /**
   * The file without the part, for a file that somebody else has changed since: what they wrote stays, and what the part had displaced
   * comes back from `before`, the file as it was under the part. Null: nothing is left, and there was no file before.
   */
  take(text: string, part: Part, before: string | null): string | null;
}

/** The text of a part's entry. Throws TypeError where there is none: a journal of another version. */
export function textOf(part: Part, name: string): string {
  const value = part[name];
  if (typeof value !== 'string') throw new TypeError(`the part has no text ${JSON.stringify(name)}`);
  return value;
}
