import type { CacheReport, FileCount } from '../values/report.js';
import { formatBytes, formatDuration } from './progress.js';

const some = ({ files, bytes }: FileCount): string =>
  `${files} ${files === 1 ? 'file' : 'files'}, ${formatBytes(bytes)}`;

function describeSaved({ saved, bytesReused }: CacheReport): string {
  if (bytesReused === 0) return 'nothing: no file was there';
  if (saved === null) return 'not known: no download was measured here in the last 7 days';
  const { ms, bytes, besideMs, bytesPerSecond, measured } = saved;
  const download = `downloading ${formatBytes(bytes)} at ${formatBytes(bytesPerSecond)}/s (measured ${measured})`;
  const beside = `, during which ${formatDuration(besideMs)} of unpacking would have been done`;
  const against = besideMs === 0 ? download : download + beside;
  if (ms === 0) return `no time: unpacking took longer than ${download} would have`;
  return ms < 0
    ? `nothing: it took ${formatDuration(-ms)} longer than ${against}`
    : `about ${formatDuration(ms)} against ${against}`;
}

/** What a cache had for a run, what it was given, and what that saved: in plain words, each with its heading. */
export function describeCache(cache: CacheReport): readonly (readonly [string, string])[] {
  const { hit, filesReused, bytesReused, bytesDownloaded, awaited, stored } = cache;
  if (cache.store === 'off') return [['Downloaded', formatBytes(bytesDownloaded)]];
  const reused = filesReused === 0 ? 'nothing was there' : `${some({ files: filesReused, bytes: bytesReused })} reused`;
  const meanwhile = awaited.files === 0 ? [] : [`${some(awaited)} brought by another job meanwhile`];
  const rows: (readonly [string, string])[] = [
    ['Hit', `${hit}: ${[reused, ...meanwhile, `${formatBytes(bytesDownloaded)} downloaded`].join(', ')}`],
  ];
  // Beside a bucket it would be taken for what went there.
  const place = cache.bucket === null ? 'Stored' : 'Stored on this machine';
  return [...rows, [place, stored.files === 0 ? 'nothing new' : some(stored)], ['Saved', describeSaved(cache)]];
}
