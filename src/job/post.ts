import { undoAll } from '../commands/restore.js';
import type { PostState } from '../pipeline/context.js';
import { failStep, loadState } from '../report/action.js';
import { createActionLog } from '../report/action-log.js';
import { formatDefect } from '../report/print-failure.js';
import { formatBytes, formatDuration } from '../report/progress.js';
import { dropSecretInputs } from '../request/inputs.js';
import { openDirectoryStore } from '../store/directory.js';
import { saveToGithub } from '../store/github/save.js';

/** The action's post step: undoes what main changed, saves what is to be saved. It reads main's state and no input. Gives the exit code. */
export async function runPost(): Promise<number> {
  const log = createActionLog();
  try {
    // GitHub's client hands its whole environment to tar.
    dropSecretInputs(process.env);
    const state = loadState() as PostState | null;
    if (state === null) {
      log.info('The main step left nothing to undo or to save.');
      return 0;
    }
    if (state.undo !== null) await undoAll(state.undo.folder, new Set([state.undo.id]), log);
    if (state.notSaved !== null) log.info(`Nothing is saved to GitHub's cache: ${state.notSaved}`);
    if (state.save !== null) {
      const client = await import('@actions/cache');
      const { folder, entry } = state.save;
      const store = await openDirectoryStore(folder);
      const ms = await saveToGithub({ client, store, save: entry, log, signal: new AbortController().signal });
      const size = `${entry.files.length} files, ${formatBytes(entry.bytes)}`;
      if (ms !== null) log.info(`Saved ${size} to GitHub's cache as ${entry.entry} in ${formatDuration(ms)}.`);
    }
    return 0;
  } catch (error) {
    failStep(formatDefect(error));
    return 1;
  }
}
