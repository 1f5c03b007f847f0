import type { Log } from '../values/log.js';
import { createProgressText, isDone } from './progress.js';
import { createSecrets } from './secrets.js';

/** The part of a stream that a log needs: process.stderr has it. */
export interface Terminal {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** A log for people in a shell; `end` clears the live line, `hide` is for what others print: secrets masked, control characters left out. */
export interface TerminalLog extends Log {
  step(name: string): void;
  end(): void;
  hide(text: string): string;
}

const PROGRESS_EVERY_MS = 5_000;
const LIVE_EVERY_MS = 100;

/** Text from outside must not move the cursor, set colours or write titles. */
function printable(text: string): string {
  return text.replace(/(?![\n\t])\p{Cc}/gu, '');
}

/** Writes to a terminal: one live progress line, rewritten in place, where it is a TTY; a plain line every 5 s a file where it is not. */
export function createTerminalLog(terminal: Terminal, debug: boolean): TerminalLog {
  const secrets = createSecrets();
  const progressText = createProgressText();
  const printed = new Map<string, number>();
  const warned = new Set<string>();
  let live = false;
  const clear = () => {
    if (live) terminal.write('\r\u001b[K');
    live = false;
  };
  const line = (text: string) => {
    clear();
    terminal.write(`${secrets.hide(printable(text))}\n`);
  };
  return {
    info: line,
    debug: (text) => {
      if (debug) line(`debug: ${text}`);
    },
    warn: (notice) => {
      if (warned.has(notice.id)) return;
      warned.add(notice.id);
      line(`warning: ${notice.text}`);
    },
    step: (name) => line(`- ${name}`),
    progress: (progress) => {
      const key = terminal.isTTY ? '' : progress.item;
      const last = printed.get(key);
      const now = performance.now();
      if (last === undefined) progressText(progress);
      if (isDone(progress)) {
        line(`  ${progressText(progress)}`);
        return;
      }
      if (last !== undefined && now - last < (terminal.isTTY ? LIVE_EVERY_MS : PROGRESS_EVERY_MS)) return;
      printed.set(key, now);
      const text = secrets.hide(printable(`  ${progressText(progress)}`));
      if (terminal.isTTY) {
        clear();
        terminal.write(text.slice(0, Math.max(20, (terminal.columns || 80) - 1)));
        live = true;
      } else if (last !== undefined) terminal.write(`${text}\n`);
    },
    mask: (secret) => secrets.add(secret),
    hide: (text) => secrets.hide(printable(text)),
    end: clear,
  };
}
