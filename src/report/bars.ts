import type { TimelineStep } from '../values/report.js';

/** Draws when a step ran within the whole, `width` characters wide: `···███████··`. A step always shows at least one block. */
export function timeBar(step: TimelineStep, totalMs: number, width: number): string {
  const scale = width / Math.max(1, totalMs);
  const from = Math.min(width - 1, Math.floor(step.startMs * scale));
  const length = Math.max(1, Math.min(width - from, Math.round(step.ms * scale)));
  return '·'.repeat(from) + '█'.repeat(length) + '·'.repeat(width - from - length);
}
