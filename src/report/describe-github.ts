import type { GithubCacheReport } from '../values/report.js';
import { formatBytes, formatDuration } from './progress.js';

/** Whether restoring beat downloading, by what was last measured of it. */
function compared({ ms, downloadMs }: GithubCacheReport): string {
  if (downloadMs === null) return '';
  const saved = downloadMs - ms;
  const judged = saved >= 0 ? `${formatDuration(saved)} saved` : `${formatDuration(-saved)} lost`;
  return `; downloading would have taken ${formatDuration(downloadMs)}: ${judged}`;
}

/** What GitHub's cache brought and what it is given, in plain words, each with its heading. */
export function describeGithub(github: GithubCacheReport): readonly (readonly [string, string])[] {
  const { entry, why, files, bytes, ms, saving, notSaved } = github;
  const restored =
    entry === null
      ? `not used: ${why}`
      : `${entry}: ${files} files, ${formatBytes(bytes)} in ${formatDuration(ms)}${compared(github)}`;
  const saved =
    saving === null
      ? `nothing: ${notSaved}`
      : `${saving.files} files, ${formatBytes(saving.bytes)} as ${saving.entry}, at the end of the job`;
  return [
    ["GitHub's cache", restored],
    ["Saved to GitHub's cache", saved],
  ];
}
