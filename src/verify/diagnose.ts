import failures from './failures.json' with { type: 'json' };

/** How a process ended; both are null where it never started. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: string | null;
}

/** Why something failed and what to do about it. */
export interface Diagnosis {
  /** Id of the row of the table, or `unknown`. */
  readonly id: string;
  readonly cause: string;
  readonly remedy: string;
  /** The line that it was recognised by, or the last lines of the text. */
  readonly evidence: string;
}

/** A row of the table; every string of `patterns` is a regular expression for a text, its named groups fill `{name}` in cause and remedy. */
interface FailureRow {
  readonly id: string;
  readonly patterns: readonly string[];
  readonly signals?: readonly string[];
  readonly exitCodes?: readonly number[];
  readonly cause: string;
  readonly remedy: string;
}

const EVIDENCE_LINES = 6;
const EVIDENCE_LINE_LENGTH = 400;

const rows: readonly FailureRow[] = failures;

function shorten(line: string): string {
  return line.length > EVIDENCE_LINE_LENGTH ? `${line.slice(0, EVIDENCE_LINE_LENGTH)}…` : line;
}

/** Python's warnings, with the line of code that they quote, tell nothing of an end. */
const warning = /^.*:\d+: \w*Warning: .*(?:\r?\n[ \t]+\S.*)?$/gm;

function lastLines(text: string): string {
  const lines = text
    .replace(warning, '')
    .split(/\r?\n/)
    .map((line) => line.trimEnd());
  return lines
    .filter((line) => line !== '')
    .slice(-EVIDENCE_LINES)
    .map(shorten)
    .join('\n');
}

function lineAround(text: string, index: number): string {
  const start = text.lastIndexOf('\n', index - 1) + 1;
  const end = text.indexOf('\n', index);
  return shorten(text.slice(start, end === -1 ? undefined : end).trim());
}

function fill(template: string, groups: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => groups[name] ?? name);
}

function describeExit(exit: ExitStatus): string {
  return exit.signal === null ? `exit status ${exit.code}` : `killed by ${exit.signal}`;
}

/**
 * The first row of the table whose pattern is in the text, or whose signal or exit status is this one; null where no row fits.
 * `exit` is null for a text that did not end a process.
 */
export function recognise(text: string, exit: ExitStatus | null): Diagnosis | null {
  for (const row of rows) {
    for (const pattern of row.patterns) {
      const match = new RegExp(pattern, 'im').exec(text);
      if (match === null) continue;
      const groups = match.groups ?? {};
      const evidence = lineAround(text, match.index);
      return { id: row.id, cause: fill(row.cause, groups), remedy: fill(row.remedy, groups), evidence };
    }
    const fatal =
      exit !== null &&
      ((exit.signal !== null && row.signals?.includes(exit.signal)) ||
        (exit.code !== null && row.exitCodes?.includes(exit.code)));
    if (fatal) {
      const evidence = [describeExit(exit), lastLines(text)].filter((part) => part !== '').join('\n');
      return { id: row.id, cause: row.cause, remedy: row.remedy, evidence };
    }
  }
  return null;
}

/** As `recognise`; a failure that no row fits is given as what it is, with the last lines of the text. */
export function diagnose(text: string, exit: ExitStatus | null): Diagnosis {
  const known = recognise(text, exit);
  if (known !== null) return known;
  const ending = exit === null ? [] : [describeExit(exit)];
  return {
    id: 'unknown',
    cause: 'PaddlePaddle failed in a way that is not in the table of known failures.',
    remedy:
      'Read the evidence. Another version of PaddlePaddle, or an environment of its own (`venv`), is worth a try.',
    evidence: [...ending, lastLines(text)].filter((part) => part !== '').join('\n'),
  };
}
