import { formatBytes } from '../report/progress.js';
import { spareFolder } from '../store/choose.js';
import { type Eviction, keepWithin } from '../store/evict.js';
import type { Holding } from '../store/inventory.js';
import { userName } from '../store/sharing.js';
import { beginRun, type RunMark } from '../store/uses.js';
import type { Lock } from '../values/lock.js';
import type { HoldingReport } from '../values/report.js';
import type { Store } from '../values/store.js';
import { tell } from './conclude.js';
import type { Run } from './context.js';
import type { Prepared } from './prepare.js';

/** A run's stay in the store: while it lasts, nothing that it uses is evicted by others. */
export interface Stay {
  /** From now on these files are in use. */
  uses(lock: Lock): Promise<void>;
  /** Ends it; where the run added something, the store is brought below its limit before. */
  end(added: boolean): Promise<void>;
}

function told({ kind, name, user, bytes, lastUsedMs, keys }: Holding): HoldingReport {
  return { kind, name, user, bytes, lastUsed: new Date(lastUsedMs).toISOString(), keys };
}

/** Writes what the store holds, or gave up, into the story. */
export function tellStore(
  { story, request }: Run,
  folder: string,
  {
    held,
    gone,
    bytes,
  }: { readonly held: readonly Holding[]; readonly gone: readonly Holding[]; readonly bytes?: number },
): void {
  const limit = Number.isFinite(request.cacheLimit) ? request.cacheLimit : null;
  const sum = bytes ?? held.reduce((total, one) => total + one.bytes, 0);
  story.store = { folder, limit, bytes: sum, holdings: held.map(told), evicted: gone.map(told) };
}

/** Why a store is above its limit (bytes) still: what is used by whom, and whose the rest is. */
function whyAbove({ own, others, kept }: Eviction, limit: number): readonly string[] {
  const reasons: string[] = [];
  if (own > limit) {
    const enough = `cache-limit: ${Math.ceil(own / 1e6)}MB`;
    reasons.push(
      `This run alone uses ${formatBytes(own)}: set \`${enough}\` or more, or run \`cache prune\` afterwards.`,
    );
  } else if (own > 0) {
    reasons.push(`This run uses ${formatBytes(own)}.`);
  }
  if (others > 0) reasons.push(`Other runs that are at work use ${formatBytes(others)}.`);
  if (kept.length === 1) reasons.push('1 file belongs to a user who did not share it.');
  if (kept.length > 1) reasons.push(`${kept.length} files belong to users who did not share them.`);
  return reasons;
}

/** Brings the store below its limit and tells what went, and why it may still be above. `asking`: the run at whose end this is. */
export async function prune(run: Run, root: string, spare: string, asking: RunMark | null): Promise<void> {
  const { cacheLimit } = run.request;
  const eviction = await keepWithin(root, spare, cacheLimit, Date.now(), asking);
  const { gone, after } = eviction;
  tellStore(run, root, { held: [], gone, bytes: after });
  const freed = gone.reduce((sum, { bytes }) => sum + bytes, 0);
  if (gone.length > 0) {
    const names = gone.map(({ kind, name }) => (kind === 'wheel' ? name : `${name} (unpacked)`));
    const rest = names.length > 5 ? ` and ${names.length - 5} more` : '';
    const text = `Evicted ${formatBytes(freed)} from the cache, not used for longest: ${names.slice(0, 5).join(', ')}${rest}.`;
    run.context.log.info(text);
  }
  if (after > cacheLimit) {
    const text = `${root} holds ${formatBytes(after)}, more than cache-limit allows (${formatBytes(cacheLimit)}).`;
    tell(run, [{ id: 'cache-limit', text: [text, ...whyAbove(eviction, cacheLimit)].join(' ') }]);
  }
}

/** Begins a run's stay in the store. */
export async function beginStay(run: Run, { runner, choice }: Prepared, store: Store): Promise<Stay> {
  const { context, deadline } = run;
  const mark = await beginRun(store.root, Date.now() + deadline.remainingMs());
  const spare = spareFolder(runner.os, context.environment, context.home, userName(), store.root);
  return {
    uses: mark.uses,
    async end(added) {
      try {
        if (added && choice.kind !== 'off') await prune(run, store.root, spare, mark);
      } finally {
        await mark.remove();
      }
    },
  };
}
