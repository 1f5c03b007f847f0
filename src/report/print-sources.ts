import type { ProbeReport } from '../values/report.js';
import { formatBytes } from './progress.js';

/** What `probe` prints: one line a source, the fastest first, and why a source did not answer. */
export function formatProbes(probes: readonly ProbeReport[]): string {
  const width = Math.max(8, ...probes.map(({ id }) => id.length));
  const lines = probes.map(({ id, url, origin, ms, bytesPerSecond, fault }) => {
    const page = ms === null ? '    -   ' : `${String(Math.round(ms)).padStart(5)} ms`;
    const rate = bytesPerSecond === null ? '         -' : `${formatBytes(bytesPerSecond)}/s`.padStart(10);
    const why =
      fault === null
        ? ''
        : `\n${' '.repeat(width + 2)}${fault.kind}: ${fault.detail}${fault.remedy === null ? '' : ` ${fault.remedy}`}`;
    return `${id.padEnd(width)}  ${page}  ${rate}  ${url}  (${origin})${why}`;
  });
  return `${[`${'source'.padEnd(width + 2)}    page        file`, ...lines].join('\n')}\n`;
}
