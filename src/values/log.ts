/** Something the user should know and can act on; never an error. */
export interface Notice {
  /** Stable name, e.g. `mirror-banned`: the same notice is printed once. */
  readonly id: string;
  readonly text: string;
}

/** Where a long work stands. */
export interface Progress {
  /** What is being done: a file name, or `resolving`. */
  readonly item: string;
  /** Bytes so far and in all; `total` is null where the length is unknown. */
  readonly bytes: number;
  readonly total: number | null;
  /** The sources that serve it now, by id. */
  readonly sources: readonly string[];
}

/** How rooms speak to the person who waits. The entries decide where it goes; rooms never print. */
export interface Log {
  info(text: string): void;
  warn(notice: Notice): void;
  /** Shown only where debugging is on (`RUNNER_DEBUG`, `--debug`). */
  debug(text: string): void;
  progress(progress: Progress): void;
  /** Registers a secret: from now on it is masked wherever it would be printed. */
  mask(secret: string): void;
}
