import type { BucketReport, Report } from '../values/report.js';
import { formatBytes, formatDuration } from './progress.js';

/** The run in one sentence: what is installed, what was proved, what was downloaded, how long it took. */
export function headline(report: Report): string {
  if (report.outcome === 'failed') {
    const first = report.problems[0];
    return `Failed after ${formatDuration(report.totalMs)}${first === undefined ? '' : `: ${first.where}`}`;
  }
  const parts: string[] = [];
  if (report.plan !== null) parts.push(`${report.plan.distribution} ${report.plan.version} (${report.plan.device})`);
  if (report.verification !== null) parts.push(report.verification.verified ? 'verified' : 'not verified');
  if (report.cache !== null && report.gateway !== null) {
    const { bytesDownloaded } = report.cache;
    parts.push(bytesDownloaded === 0 ? 'nothing downloaded' : `${formatBytes(bytesDownloaded)} downloaded`);
  }
  return [...parts, `in ${formatDuration(report.totalMs)}`].join(', ');
}

/** What a run had of its bucket and gave it, in plain words. */
export function describeBucket(bucket: BucketReport): string {
  const { place, bytesRead, filesStored, bytesStored, filesReplaced, waitedMs, readOnly, givenUp } = bucket;
  const files =
    filesStored === 0
      ? givenUp === null
        ? 'nothing had to be stored'
        : 'nothing stored'
      : `${filesStored} ${filesStored === 1 ? 'file' : 'files'} (${formatBytes(bytesStored)}) stored`;
  const stored = readOnly === null ? files : `nothing stored (${readOnly})`;
  return [
    `${place}: ${formatBytes(bytesRead)} read`,
    stored,
    ...(filesReplaced > 0 ? [`${filesReplaced} of them in the place of wrong bytes`] : []),
    ...(givenUp === null ? [] : [`given up: ${givenUp}`]),
    ...(waitedMs > 0 ? [`${formatDuration(waitedMs)} waited for another job`] : []),
  ].join(', ');
}
