/** One requirement, as a line of a requirements file or an input states it. */
export interface Requirement {
  /** As written; null where the line names no distribution (a folder, a repository without `#egg=`). */
  readonly name: string | null;
  /** The name in the spelling of PEP 503. */
  readonly normalised: string | null;
  /** Normalised, sorted, each once. */
  readonly extras: readonly string[];
  /** PEP 440 clauses without blanks, '' for any version. */
  readonly specifier: string;
  /** Environment marker (PEP 508) in the spelling of `formatMarker`, or null. */
  readonly marker: string | null;
  /** Address of a direct link or repository, or the path; null for `named`. */
  readonly url: string | null;
  readonly editable: boolean;
  /** Accepted hashes: `sha256:` and lower-case hex. */
  readonly hashes: readonly string[];
  readonly kind: 'named' | 'url' | 'path' | 'vcs' | 'editable';
  /** Where it was written: `requirements.txt:3`. */
  readonly origin: string;
  /** The line as the installer should get it, without hashes. */
  readonly text: string;
}
