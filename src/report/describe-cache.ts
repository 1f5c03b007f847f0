import type { CacheReport, FileCount } from '../values/report.js';
import { formatBytes, formatDuration } from './progress.js';

const some = ({ files, bytes }: FileCount): string =>
  `${files} ${files === 1 ? 'file' : 'files'}, ${formatBytes(bytes)}`;

function describeSaved({ saved, bytesReused }: CacheReport): string {
  if (bytesReused === 0) return 'nothing: no file was there';
  if (saved === null) return 'not known: no download was measured here in the last 7 days';
  const { ms, bytes, besideMs, bytesPerSecond, measured } = saved;
  const download = `downloading ${formatBytes(bytes)} at ${formatBytes(bytesPerSecond)}/s (measured ${measured})`;
  const against =
    besideMs === 0 ? download : `${download}, which unpacking for ${formatDuration(besideMs)} goes on beside`;
  return ms < 0
    ? `nothing: it took ${formatDuration(-ms)} longer than ${against}`
    : `about ${formatDuration(ms)} against ${against}`;
}

/** What a cache had for a run, what it was given, and what that saved: in plain words, each with its heading. */
export function describeCache(cache: CacheReport): readonly (readonly [string, string])[] {
  const { hit, filesReused, bytesReused, bytesDownloaded, awaited, stored } = cache;
  const reused = `${hit}: ${some({ files: filesReused, bytes: bytesReused })} reused`;
  const meanwhile = awaited.files === 0 ? [] : [`${some(awaited)} brought by another job meanwhile`];
  const rows: (readonly [string, string])[] = [
    ['Hit', [reused, ...meanwhile, `${formatBytes(bytesDownloaded)} downloaded`].join(', ')],
  ];
  if (cache.store === 'off') return rows;
  return [...rows, ['Stored', stored.files === 0 ? 'nothing new' : some(stored)], ['Saved', describeSaved(cache)]];
}
