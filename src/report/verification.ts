import type { Check, Verification } from '../values/verification.js';
import { formatBytes, formatDuration } from './progress.js';

/** A mark for each outcome of a check. */
export const marks: Readonly<Record<Check['status'], string>> = {
  passed: '✓',
  failed: '✗',
  skipped: '–',
  warning: '⚠',
};

/** What a reader asks, in order, and the checks that answer it. */
const questions: readonly (readonly [question: string, checks: RegExp])[] = [
  ['installation', /^(?:start|import|build|device|libraries|end)$/],
  ['arithmetic', /^arithmetic-/],
  ['training', /^training/],
  ['networks', /^eager-/],
  ['saved models', /^inference-\w+$/],
  ['saved models, oneDNN', /-onednn$/],
  ['all devices together', /^all-reduce$/],
];

/** Answers of one question: a mark, what is not right by name, and the time. '' where nothing was tried. */
function sumUp(checks: readonly Check[]): string {
  if (checks.length === 0) return '';
  const odd = checks.filter(({ status }) => status === 'failed' || status === 'warning');
  const worst = (['failed', 'warning', 'passed', 'skipped'] as const).find((status) =>
    checks.some((check) => check.status === status),
  );
  const seconds = checks.reduce((sum, check) => sum + check.seconds, 0);
  const names = odd.length === checks.length ? [] : odd.map(({ id }) => id);
  return [marks[worst ?? 'skipped'], ...names, formatDuration(seconds * 1000)].join(' ');
}

/** The verification as a table: a row a question, a column a device, `all` for what is asked of all at once. */
export function verificationTable({ checks, devices }: Verification): {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
} {
  const columns = devices.length > 1 ? [null, ...devices.map(({ id }) => id)] : [undefined];
  const rows = questions.map(([question, ids]) => {
    const asked = checks.filter(({ id }) => ids.test(id));
    return [
      question,
      ...columns.map((column) => sumUp(asked.filter(({ device }) => column === undefined || device === column))),
    ];
  });
  return {
    head: ['', ...columns.map((column) => (column === null ? 'all' : (column ?? devices[0]?.id ?? '')))],
    rows: rows.filter(([, ...cells]) => cells.some((cell) => cell !== '')),
  };
}

/** What was verified, by its own word: version, commit, libraries as loaded, driver, devices. One line. */
export function describeVerified(verification: Verification): string {
  const { commit, devices, driver, libraries, version } = verification;
  const sorts = new Map<string, number>();
  for (const { capability, memoryBytes, name } of devices) {
    if (name === null) continue;
    const memory = memoryBytes === null ? [] : [formatBytes(memoryBytes)];
    const sort = [name, ...memory, ...(capability === null ? [] : [`sm_${capability.replace('.', '')}`])].join(' ');
    sorts.set(sort, (sorts.get(sort) ?? 0) + 1);
  }
  return [
    ...(version === null ? [] : [`PaddlePaddle ${version}${commit === null ? '' : ` (${commit.slice(0, 11)})`}`]),
    ...libraries.map((library) => `${library.name} ${library.version ?? '(version unknown)'}`),
    ...(driver === null ? [] : [`driver ${driver}`]),
    ...[...sorts].map(([sort, count]) => (count === 1 ? sort : `${count} x ${sort}`)),
  ].join(', ');
}

const scientific = (value: number) => (value === 0 ? '0' : value.toExponential(1));

/** Largest difference and what is allowed; '' where nothing was compared. */
export function describeDifference({ difference, tolerance }: Check): string {
  if (tolerance === null) return '';
  if (tolerance === 0 && difference === 0) return 'exact';
  return `${difference === null ? 'no number' : scientific(difference)} of ${scientific(tolerance)}`;
}
