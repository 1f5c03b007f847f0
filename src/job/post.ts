import { undoAll } from '../commands/restore.js';
import type { PostState } from '../pipeline/context.js';
import { failStep, loadState } from '../report/action.js';
import { createActionLog } from '../report/action-log.js';
import { formatDefect } from '../report/print-failure.js';
import { openDirectoryStore } from '../store/directory.js';
import { saveToGithub } from '../store/github.js';

/** The action's post step: undoes what main changed, saves what is to be saved. It reads main's state and no input. Gives the exit code. */
export async function runPost(): Promise<number> {
  const log = createActionLog();
  try {
    const state = loadState() as PostState | null;
    if (state === null) {
      log.info('The main step left nothing to undo or to save.');
      return 0;
    }
    if (state.undo !== null) await undoAll(state.undo.folder, new Set([state.undo.id]), log);
    if (state.save !== null) {
      const client = await import('@actions/cache');
      const store = await openDirectoryStore(state.save.folder);
      await saveToGithub({ client, store, save: state.save.entry, log, signal: new AbortController().signal });
    }
    return 0;
  } catch (error) {
    failStep(formatDefect(error));
    return 1;
  }
}
