import type { Row } from './rows.js';
import type { Outcome } from './trial.js';

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

function cell(row: Row, client: string, outcomes: readonly Outcome[]): string {
  const found = outcomes.find((outcome) => outcome.row === row.name && outcome.client === client);
  if (found === undefined) return '';
  return found.verdict === 'left out'
    ? `left out: ${found.said}`
    : `${found.verdict}, ${megabytes(found.bytes)}, ${found.seconds.toFixed(1)} s`;
}

/** A row for each fault, a column for each program, as Markdown. */
export function table(rows: readonly Row[], clients: readonly string[], outcomes: readonly Outcome[]): string {
  return [
    `| fault | ${clients.join(' | ')} |`,
    `|---|${clients.map(() => '---|').join('')}`,
    ...rows.map((row) => `| ${row.name} | ${clients.map((client) => cell(row, client, outcomes)).join(' | ')} |`),
  ].join('\n');
}

/** How often each program met which end, a line each. */
export function tally(clients: readonly string[], outcomes: readonly Outcome[]): string {
  return clients
    .map((client) => {
      const of = outcomes.filter((outcome) => outcome.client === client);
      const counts = [...new Set(of.map(({ verdict }) => verdict))].map(
        (verdict) => `${of.filter((one) => one.verdict === verdict).length} ${verdict}`,
      );
      return `- ${client}: ${counts.join(', ')}`;
    })
    .join('\n');
}

/** The whole matrix as a page of the documentation. `bytes`: of all wheels; `limit`: seconds from which a program has hung. */
export function page(
  rows: readonly Row[],
  clients: readonly string[],
  outcomes: readonly Outcome[],
  bytes: number,
  limit: number,
): string {
  const hopeless = rows.filter((row) => row.hopeless === true).map(({ name }) => name);
  return `# The fault matrix

Written by \`npm run faults -- --page docs/faults.md\`; not by hand. Each program installs ${megabytes(bytes)} of real wheels into a new environment from mirrors on
loopback. The mirror that has the fault is named first, a good one after it in the way of each program's own manual. The bytes are those
that the mirrors handed out; the seconds, taken with several trials at a time, tell who waits and not who is fast.

- **survived**: everything is installed, and the installed files are the right ones.
- **failed plainly**: it ends with an error that names the cause. More can not be had where no source is good: ${hopeless.join(', ')}.
- **failed misleadingly**: it ends with an error that says something else.
- **hung**: it was not at its end after ${limit} s. With most of the bytes it was on its way: a pip tries each dead index again for every package.

${table(rows, clients, outcomes)}

${tally(clients, outcomes)}
`;
}
