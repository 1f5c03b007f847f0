/** One thing that is wrong, with what the user can do about it. */
export interface Problem {
  /** The input, file or source it is about: `paddle-version`, `requirements.txt:3`, `https://mirror/simple`. */
  readonly where: string;
  /** What is wrong: what was given or seen, and what is possible. One or two sentences. */
  readonly what: string;
  /** What to do: the line to write instead, the package to install, the setting to change. */
  readonly remedy: string;
}

/** Exit codes of the CLI: 1 failed, 2 the request is wrong or has no solution, 3 verification failed. */
export type ExitCode = 1 | 2 | 3;

/**
 * The one error that the program throws on purpose. It carries everything that is wrong at once and is shown without a stack;
 * any other error is a defect of ours and is shown with one.
 */
export class Failure extends Error {
  readonly exitCode: ExitCode;
  readonly problems: readonly Problem[];

  constructor(exitCode: ExitCode, problems: readonly Problem[], options?: { readonly cause?: unknown }) {
    super(problems.map((p) => `${p.where}: ${p.what} ${p.remedy}`).join('\n'), options);
    this.name = 'Failure';
    this.exitCode = exitCode;
    this.problems = problems;
  }
}
