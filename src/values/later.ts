/** The environment of later steps. */
export interface LaterEnvironment {
  readonly variables: Readonly<Record<string, string>>;
  /** Folders to put in front of PATH, the first one first. */
  readonly path: readonly string[];
}
