import type { Report } from '../values/report.js';
import { timeBar } from './bars.js';
import { describeBucket, describeSource, headline } from './headline.js';
import { formatDuration } from './progress.js';

const BAR_WIDTH = 24;
const NAME_WIDTH = 24;

/** What the CLI prints at the end: the outcome, where the time went, which source served what. */
export function formatReport(report: Report): string {
  const lines = [headline(report), ''];
  for (const step of report.steps) {
    const name = step.name.length > NAME_WIDTH ? `${step.name.slice(0, NAME_WIDTH - 1)}…` : step.name;
    lines.push(`  ${name.padEnd(NAME_WIDTH)} ${timeBar(step, report.totalMs, BAR_WIDTH)} ${formatDuration(step.ms)}`);
  }
  if (report.sources.length > 0)
    lines.push('', ...report.sources.map((source) => `  ${source.id}: ${describeSource(source)}`));
  if (report.cache !== null) {
    const { bucket, hit, folder, reason, store } = report.cache;
    lines.push(store === 'off' ? '  cache: off' : `  cache: ${hit} in ${folder} (${reason})`);
    if (bucket !== null) lines.push(`  bucket: ${describeBucket(bucket)}`);
  }
  if (report.lock !== null && report.lock.path !== '') lines.push(`  lock: ${report.lock.path}`);
  if (report.install !== null) lines.push(`  python: ${report.install.python}`);
  return `${lines.join('\n')}\n`;
}
