import { undoAll } from '../commands/restore.js';
import type { PostState } from '../pipeline/context.js';
import { failWith, loadState } from '../report/action.js';
import { createActionLog } from '../report/action-log.js';
import { formatBytes, formatDuration } from '../report/progress.js';
import { dropSecretInputs } from '../request/inputs.js';
import { openDirectoryStore } from '../store/directory.js';
import { saveToGithub } from '../store/github/save.js';
import { Failure } from '../values/failure.js';
import type { Log } from '../values/log.js';

/** Saves files of the store to GitHub's cache, or says why not: a job that has done its work does not fail for it. */
async function save({ folder, entry }: NonNullable<PostState['save']>, log: Log): Promise<void> {
  const client = await import('@actions/cache');
  const store = await openDirectoryStore(folder).catch((error: unknown) => {
    if (!(error instanceof Failure)) throw error;
    log.info(`Nothing was saved to GitHub's cache: ${error.message}`);
    return null;
  });
  if (store === null) return;
  const ms = await saveToGithub({ client, store, save: entry, log, signal: new AbortController().signal });
  const size = `${entry.files.length} files, ${formatBytes(entry.bytes)}`;
  if (ms !== null) log.info(`Saved ${size} to GitHub's cache as ${entry.entry} in ${formatDuration(ms)}.`);
}

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
    if (state.save !== null) await save(state.save, log);
    return 0;
  } catch (error) {
    return failWith(error);
  }
}
