import type { GithubCacheReport } from '../values/report.js';
import { formatBytes, formatDuration } from './progress.js';

/** What GitHub's cache brought and what it is given, in plain words, each with its heading. */
export function describeGithub(github: GithubCacheReport): readonly (readonly [string, string])[] {
  const { entry, why, files, bytes, ms, saving, notSaved } = github;
  const restored =
    entry === null ? `not used: ${why}` : `${entry}: ${files} files, ${formatBytes(bytes)} in ${formatDuration(ms)}`;
  const saved =
    saving === null
      ? `nothing: ${notSaved}`
      : `${saving.files} files, ${formatBytes(saving.bytes)} as ${saving.entry}, at the end of the job`;
  return [
    ["GitHub's cache", restored],
    ["Saved to GitHub's cache", saved],
  ];
}
