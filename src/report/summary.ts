import type { Report } from '../values/report.js';
import { timeBar } from './bars.js';
import { describeContainers } from './containers.js';
import { describeCache } from './describe-cache.js';
import { describeGithub } from './describe-github.js';
import { describeSources } from './describe-sources.js';
import { describeBucket, headline } from './headline.js';
import { formatBytes, formatDuration } from './progress.js';
import { describeDifference, describeVerified, marks, verificationTable } from './verification.js';

/** The runner drops a summary that is larger than 1 MiB as a whole; the rest is room for other writers of the same step. */
const LIMIT_BYTES = 1_000_000;
const BAR_WIDTH = 30;

/** Text from outside (file names, answers of mirrors) as a table cell: no markup, no link, no line break, no new column. */
function cell(text: string): string {
  return text
    .replace(/[\r\n\v\f\u2028\u2029]+/g, ' ')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/[|\\`*_[\]()!#~$@]/g, (mark) => `&#${mark.charCodeAt(0)};`)
    .replace(/:(?=\/\/)/g, '&#58;')
    .replace(/\b(www)\./gi, '$1&#46;');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return `${[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}

function section(title: string, body: string): string {
  return body === '' ? '' : `### ${title}\n\n${body}\n`;
}

function timeRows(report: Report): string[][] {
  return report.steps.map((step) => [
    cell(step.name) + (step.outcome === 'failed' ? ' ✗' : ''),
    formatDuration(step.ms),
    `<code>${timeBar(step, report.totalMs, BAR_WIDTH)}</code>`,
  ]);
}

function versionRows(report: Report): string[][] {
  const rows: string[][] = [];
  if (report.plan !== null) {
    rows.push(['PaddlePaddle', cell(`${report.plan.distribution} ${report.plan.version}, ${report.plan.device}`)]);
    for (const pin of report.plan.pins) {
      if (pin.name !== report.plan.distribution) rows.push([cell(pin.name), cell(`${pin.specifier} ${pin.reason}`)]);
    }
  }
  if (report.runner !== null) {
    const { runner } = report;
    rows.push(['Python', cell(`${runner.pythonVersion}, ${report.install?.python ?? runner.python}`)]);
    rows.push([
      'Machine',
      cell([runner.os, runner.arch, runner.libc, runner.host].filter((part) => part !== null).join(', ')),
    ]);
    if (runner.gpus.length > 0)
      rows.push(['GPU', cell(`${runner.gpus.join(', ')}, driver ${runner.driver ?? 'unknown'}`)]);
  }
  if (report.install !== null)
    rows.push(['Installer', cell(`${report.install.installer} ${report.install.installerVersion}`)]);
  if (report.lock !== null) {
    rows.push([
      'Lock',
      cell(
        `${report.lock.files.length} files, ${formatBytes(report.lock.bytes)}${report.lock.resolved ? '' : ', kept from an earlier run'}`,
      ),
    ]);
    if (report.lock.unhashed.length > 0) rows.push(['Not hashed', cell(report.lock.unhashed.join(', '))]);
  }
  return rows;
}

function storeRows({ store }: Report): string[][] {
  if (store === null) return [];
  const freed = store.evicted.reduce((sum, { bytes }) => sum + bytes, 0);
  const names = store.evicted.map(({ name, kind }) => (kind === 'wheel' ? name : `${name} (unpacked)`));
  const limit = store.limit === null ? 'no limit' : `limit ${formatBytes(store.limit)}`;
  const size = ['Size of the folder', cell(`${formatBytes(store.bytes)}, ${limit}`)];
  return freed === 0 ? [size] : [size, ['Evicted', cell(`${formatBytes(freed)}: ${names.join(', ')}`)]];
}

function cacheRows(report: Report): string[][] {
  const { cache } = report;
  if (cache === null) return [];
  return [
    ['Store', cell(`${cache.store} (${cache.reason})`)],
    ['Key', cell(cache.key)],
    ...cache.anatomy.map(({ part, value }) => [cell(`key: ${part}`), cell(value)]),
    ...describeCache(cache).map(([what, text]) => [what, cell(text)]),
    ...(cache.github === null ? [] : describeGithub(cache.github).map(([what, text]) => [what, cell(text)])),
    ...storeRows(report),
  ];
}

function toldRows({ configured }: Report): string {
  const rows = Object.entries(configured).map(([name, value]) => [cell(name), cell(value)]);
  if (rows.length === 0) return '';
  const why =
    'No `trusted-host`: it switches certificate checks off, and no https mirror needs it. No `extra-index-url`: pip takes a package from any of several indexes, and one that fails stops it.';
  return `${table(['variable or file', 'value'], rows)}\n${why}\n`;
}

function bucketRows({ cache }: Report): string[][] {
  const bucket = cache?.bucket ?? null;
  return bucket === null ? [] : [['Bucket', cell(describeBucket(bucket))]];
}

function verificationSection({ verification }: Report): string {
  if (verification === null) return '';
  const { head, rows } = verificationTable(verification);
  const every = verification.checks.map((check) => [
    cell(check.device === null ? check.id : `${check.id} on ${check.device}`),
    marks[check.status],
    formatDuration(check.seconds * 1000),
    describeDifference(check),
    cell(check.detail),
  ]);
  return [
    cell(describeVerified(verification)),
    '',
    table(
      head.map(cell),
      rows.map((row) => row.map(cell)),
    ),
    '<details><summary>Every check</summary>\n',
    `${table(['check', '', 'time', 'difference', 'what was seen'], every)}\n</details>\n`,
  ].join('\n');
}

/** The job summary in GitHub's markdown: what happened, where the time went, what served what. At most 1 MB; longer ones are cut and say so. */
export function formatSummary(report: Report): string {
  const warnings = report.notices.map((notice) => `- ⚠ ${cell(notice.text)}`);
  const problems = report.problems.map(
    (problem) => `- **${cell(problem.where)}**: ${cell(problem.what)} ${cell(problem.remedy)}`,
  );
  const text = [
    `## ${report.outcome === 'done' ? '✓' : '✗'} ${cell(headline(report))}\n`,
    section('What is wrong', problems.join('\n')),
    section('Warnings', warnings.join('\n')),
    section('Verification', verificationSection(report)),
    section('Where the time went', table(['step', 'time', 'when'], timeRows(report))),
    section(
      'Sources',
      table(
        ['source', 'named by', 'what it did'],
        describeSources(report.sources).map(({ ids, origin, did }) => [cell(ids), cell(origin), cell(did)]),
      ),
    ),
    section(
      'Containers',
      table(
        ['', ''],
        describeContainers(report).map(([what, text]) => [what, cell(text)]),
      ),
    ),
    section('Told later steps', toldRows(report)),
    section('Versions', table(['', ''], versionRows(report))),
    section('Cache', table(['', ''], [...cacheRows(report), ...bucketRows(report)])),
  ]
    .filter((part) => part !== '')
    .join('\n');
  if (Buffer.byteLength(text) <= LIMIT_BYTES) return text;
  const bytes = Buffer.from(text).subarray(0, LIMIT_BYTES);
  const whole = bytes.subarray(0, Math.max(0, bytes.lastIndexOf('\n'))).toString('utf8');
  return `${whole}\n\n(cut: the summary was longer than ${formatBytes(LIMIT_BYTES)})\n`;
}
