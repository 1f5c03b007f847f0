import type { Report } from '../values/report.js';
import { timeBar } from './bars.js';
import { describeContainers } from './containers.js';
import { describeCache } from './describe-cache.js';
import { describeGithub } from './describe-github.js';
import { describeSources } from './describe-sources.js';
import { describeBucket, headline } from './headline.js';
import { formatDuration } from './progress.js';
import { describeDifference, describeVerified, marks, verificationTable } from './verification.js';

const BAR_WIDTH = 24;
const NAME_WIDTH = 24;

function padded(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) => `    ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`.trimEnd());
}

/** `verify` is about nothing else, so it shows every check; `setup` a line for each question. */
function verificationLines({ command, verification }: Report): string[] {
  if (verification === null) return [];
  const { head, rows } = verificationTable(verification);
  const every = verification.checks.map((check) => [
    `${marks[check.status]} ${check.id}`,
    check.device ?? '',
    formatDuration(check.seconds * 1000),
    describeDifference(check),
    check.detail,
  ]);
  const about = describeVerified(verification);
  const told = command === 'verify' ? every : [...(head.length > 2 ? [head] : []), ...rows];
  return ['', ...(about === '' ? [] : [`  ${about}`]), ...padded(told)];
}

/** What the CLI prints at the end: the outcome, where the time went, which source served what. */
export function formatReport(report: Report): string {
  const lines = [headline(report), ''];
  for (const step of report.steps) {
    const name = step.name.length > NAME_WIDTH ? `${step.name.slice(0, NAME_WIDTH - 1)}…` : step.name;
    lines.push(`  ${name.padEnd(NAME_WIDTH)} ${timeBar(step, report.totalMs, BAR_WIDTH)} ${formatDuration(step.ms)}`);
  }
  if (report.sources.length > 0)
    lines.push('', ...describeSources(report.sources).map(({ ids, did }) => `  ${ids}: ${did}`));
  if (report.cache !== null) {
    const { bucket, github, hit, folder, reason, store } = report.cache;
    lines.push(store === 'off' ? '  cache: off' : `  cache: ${hit} in ${folder} (${reason})`);
    lines.push(...describeCache(report.cache).map(([what, text]) => `    ${what.toLowerCase()}: ${text}`));
    if (bucket !== null) lines.push(`  bucket: ${describeBucket(bucket)}`);
    if (github !== null) {
      for (const [what, text] of describeGithub(github)) lines.push(`  ${what}: ${text}`);
    }
  }
  if (report.lock !== null && report.lock.path !== '') lines.push(`  lock: ${report.lock.path}`);
  if (report.install !== null) lines.push(`  python: ${report.install.python}`);
  lines.push(...describeContainers(report).map(([what, text]) => `  ${what}: ${text}`));
  lines.push(...verificationLines(report));
  return `${lines.join('\n')}\n`;
}
