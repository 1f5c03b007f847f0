import * as core from '@actions/core';
import type { Log } from '../values/log.js';
import { createProgressText, isDone } from './progress.js';

const PROGRESS_EVERY_MS = 5_000;

/** A log inside a job: each step is a log group, secrets are registered with the runner, progress is a line every 5 s a file. */
export interface ActionLog extends Log {
  step(name: string): void;
  /** Closes the open group. */
  end(): void;
}

/** Text from outside must not be a command to the runner, which looks for `::` at the beginning of a line and for `##[` anywhere. */
function harmless(text: string): string {
  return text.replace(/^(\s*):(?=:)/gm, '$1: ').replaceAll('##[', '# #[');
}

/** Writes workflow commands through @actions/core. */
export function createActionLog(): ActionLog {
  const progressText = createProgressText();
  const printed = new Map<string, number>();
  const warned = new Set<string>();
  let open = false;
  const end = () => {
    if (open) core.endGroup();
    open = false;
  };
  return {
    end,
    step(name) {
      end();
      core.startGroup(name);
      open = true;
    },
    info: (text) => core.info(harmless(text)),
    debug: (text) => core.debug(text),
    warn(notice) {
      if (warned.has(notice.id)) return;
      warned.add(notice.id);
      core.info(harmless(`warning: ${notice.text}`));
    },
    progress(progress) {
      const now = performance.now();
      const last = printed.get(progress.item);
      const text = progressText(progress);
      if (last === undefined) printed.set(progress.item, now);
      if (isDone(progress) || (last !== undefined && now - last >= PROGRESS_EVERY_MS)) {
        printed.set(progress.item, now);
        core.info(harmless(text));
      }
    },
    // An empty value makes the runner warn.
    mask: (secret) => {
      if (secret !== '') core.setSecret(secret);
    },
  };
}
