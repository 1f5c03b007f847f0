import { formatBytes, formatDuration } from '../report/progress.js';
import { downloadIsFaster, readSpeed, timeFor } from '../store/github/entry.js';
import { type Restored, restoreFromGithub } from '../store/github/restore.js';
import { planSave } from '../store/github/save.js';
import type { Lock } from '../values/lock.js';
import type { Store } from '../values/store.js';
import type { Transfers } from '../values/transfers.js';
import { tell } from './conclude.js';
import type { Run } from './context.js';
import { keptSpeed, measuredSpeed } from './download-speed.js';
import { keptPlan } from './obtain-lock.js';
import type { Prepared } from './prepare.js';

/** What GitHub's cache had for a run; `why` it was not used, where nothing was restored. */
export type GithubStock = Restored | { readonly entry: null; readonly why: string };

const restoreFact = 'speed-github';

/** A machine that keeps its folder may have everything already. */
async function isComplete(run: Run, prepared: Prepared, store: Store): Promise<boolean> {
  const nothing = (): void => undefined;
  const log = { ...run.context.log, info: nothing, warn: nothing };
  // What is wrong with a kept lock is told where it is used.
  const known = await keptPlan({ ...run, context: { ...run.context, log } }, prepared, store);
  const files = known?.lock.files.filter(({ hashOrigin }) => hashOrigin !== 'local') ?? [];
  const found = await Promise.all(files.map(({ sha256, filename }) => store.find(sha256, filename)));
  return known !== null && found.every((file) => file !== null);
}

/** Restores what GitHub's cache has for a request into the store, where that may pay. */
export async function restoreStock(run: Run, prepared: Prepared, store: Store): Promise<GithubStock> {
  const { log, timeline } = run.context;
  const not = (why: string): GithubStock => {
    log.info(`GitHub's cache is not used: ${why}`);
    return { entry: null, why };
  };
  if (await isComplete(run, prepared, store)) return not('this machine has every file already.');
  const [download, github] = await Promise.all([keptSpeed(store), keptSpeed(store, restoreFact)]);
  const slower = downloadIsFaster(download, github);
  if (slower !== null) return not(slower);
  // The package is large and belongs to one of the stores: it is loaded only for that one.
  const client = await import('@actions/cache');
  const { signal } = run.deadline;
  const restored = await timeline.step("Restore from GitHub's cache", () =>
    restoreFromGithub({ client, store, key: prepared.key, log, signal }),
  );
  if (typeof restored === 'string') return not(restored);
  const { entry, files, bytes, ms } = restored;
  log.info(`GitHub's cache had ${entry}: ${files} files, ${formatBytes(bytes)} in ${formatDuration(ms)}.`);
  if (readSpeed({ bytes, ms }) !== null) await store.writeFact(restoreFact, { bytes, ms });
  return restored;
}

/**
 * Decides what post is to save of a lock, and writes into state and story what GitHub's cache did. Called when the lock is known and again
 * when everything has arrived and its speed is known.
 */
export async function tellGithub(
  run: Run,
  { writing }: Prepared,
  { store, github }: { readonly store: Store; readonly github: GithubStock | null },
  lock: Lock,
  transfers: Transfers,
): Promise<void> {
  if (github === null || run.story.cache === null) return;
  const restored = github.entry === null ? null : github;
  const download = (await measuredSpeed(store, transfers)) ?? (await keptSpeed(store)) ?? restored?.download ?? null;
  const restore = restored === null ? await keptSpeed(store, restoreFact) : readSpeed(restored);
  const plan = planSave({ lock, restored: github.entry, writing, download, restore });
  run.state = {
    ...run.state,
    save: plan.save === null ? null : { folder: store.root, entry: plan.save },
    notSaved: plan.save === null ? plan.why : null,
  };
  const faster = restored === null ? null : downloadIsFaster(download, restore);
  if (faster !== null) {
    tell(run, [
      { id: 'github-cache-slow', text: `GitHub's cache cost time: ${faster} \`cache: off\` does without it.` },
    ]);
  }
  run.story.cache = {
    ...run.story.cache,
    github: {
      entry: github.entry,
      why: github.entry === null ? github.why : null,
      files: restored?.files ?? 0,
      bytes: restored?.bytes ?? 0,
      ms: restored?.ms ?? 0,
      downloadMs: restored === null || download === null ? null : Math.round(timeFor(restored.bytes, download)),
      saving:
        plan.save === null ? null : { entry: plan.save.entry, files: plan.save.files.length, bytes: plan.save.bytes },
      notSaved: plan.save === null ? plan.why : null,
    },
  };
}
