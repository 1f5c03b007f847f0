import type { Problem } from '../values/failure.js';

/** All that is wrong, a paragraph each: `input: what is wrong.` and what to do on the next line. */
export function formatProblems(problems: readonly Problem[]): string {
  const many = problems.length > 1 ? `${problems.length} things are wrong:\n` : '';
  return (
    many + problems.map((problem) => `error: ${problem.where}: ${problem.what}\n       ${problem.remedy}`).join('\n')
  );
}

/** A defect of the program itself: with its stack, and what would help to mend it. */
export function formatDefect(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `This is a defect of paddle-mirror-setup, not of your input. Please report it with these lines:\n${stack}`;
}
