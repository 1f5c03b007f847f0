import type { Progress } from '../values/log.js';

const UNITS = ['B', 'kB', 'MB', 'GB'] as const;

/** Bytes in decimal units, as pip prints them: `217 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // What would be rounded up to 1000 is one of the next unit.
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit] ?? 'B'}`;
}

/** `0.4 s`, `65 s`, `12 min 5 s`, from ms. */
export function formatDuration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(seconds < 0.995 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  return whole < 120 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** A file that is whole and large enough (bytes) to have been waited for gets a line of its own at its end. */
const WORTH_A_LINE = 1_000_000;

/** Whether an event says that a file worth telling of is whole. */
export function isDone({ bytes, total }: Progress): boolean {
  return total !== null && bytes === total && total >= WORTH_A_LINE;
}

/** Turns progress events into lines with percent, rate and source; the rate is that of the item since it was first seen. */
export function createProgressText(now: () => number = () => performance.now()): (progress: Progress) => string {
  const seen = new Map<string, { readonly at: number; readonly bytes: number }>();
  return (progress) => {
    const first = seen.get(progress.item) ?? { at: now(), bytes: progress.bytes };
    seen.set(progress.item, first);
    const seconds = (now() - first.at) / 1000;
    const parts = [progress.item];
    if (progress.total !== null && progress.total > 0)
      parts.push(`${Math.floor((100 * progress.bytes) / progress.total)} %`);
    parts.push(progress.total === null ? formatBytes(progress.bytes) : `of ${formatBytes(progress.total)}`);
    if (seconds > 0.2) parts.push(`${formatBytes((progress.bytes - first.bytes) / seconds)}/s`);
    if (progress.sources.length > 0) parts.push(`from ${progress.sources.join(', ')}`);
    return parts.join('  ');
  };
}
