import type { Ran } from '../process/run.js';

/** What a tool that did not do its work said, in one line. */
export function complaint(answer: Ran): string {
  if (answer.timedOut) return 'no answer in time';
  if (answer.startError !== null) return `cannot be started (${answer.startError})`;
  const line = `${answer.stderr}\n${answer.stdout}`.split(/\r?\n/).find((text) => text.trim() !== '');
  return line?.trim().slice(0, 300) ?? `nothing printed, exit status ${answer.code}`;
}
