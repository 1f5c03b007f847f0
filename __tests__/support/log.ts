import type { Log, Notice, Progress } from '../../src/values/log.js';

/** A log that keeps what was said. */
export interface KeptLog extends Log {
  readonly lines: string[];
  readonly notices: Notice[];
  readonly secrets: string[];
  readonly progressed: Progress[];
}

export function keptLog(): KeptLog {
  const lines: string[] = [];
  const notices: Notice[] = [];
  const secrets: string[] = [];
  const progressed: Progress[] = [];
  return {
    lines,
    notices,
    secrets,
    progressed,
    info: (text) => lines.push(text),
    debug: (text) => lines.push(text),
    warn: (notice) => notices.push(notice),
    mask: (secret) => secrets.push(secret),
    progress: (progress) => progressed.push(progress),
  };
}
