import { checkLock } from '../lock/check-lock.js';
import type { Bucket } from './bucket.js';
import { tell } from './conclude.js';
import type { Run } from './context.js';
import type { Desk } from './desk.js';
import { keptPlan, type LockedPlan } from './obtain-lock.js';
import type { Prepared } from './prepare.js';

/** The locks of a bucket, which others can write as well. */
export interface SharedLocks {
  /** The one that is there now. */
  now(): Promise<LockedPlan | null>;
  /** One that is better than that, waited for while another run resolves; null: it is ours to resolve. */
  later(): Promise<LockedPlan | null>;
}

/**
 * Reads a request's lock from the bucket and holds it against the indexes before it is believed: what it names has to be listed with the same
 * hashes. Where no index answers it is used, and that is said. Null throughout without a bucket, and for requests whose lock is never kept.
 */
export function sharedLocks(run: Run, prepared: Prepared, { sources }: Desk, bucket: Bucket | null): SharedLocks {
  const { request } = run;
  const none = bucket === null || request.requirements.pylock !== null || request.paddle.kind === 'nightly';
  /** What was read and is of no use. */
  let stale: string | null = null;

  async function believe(text: string | null): Promise<LockedPlan | null> {
    stale = text;
    const read = { readLock: () => Promise.resolve(text === null ? null : { value: text }) };
    const found = await keptPlan(run, prepared, read);
    if (found === null) return null;
    const { lock, plan } = found;
    const seen = await run.context.timeline.step('Check the shared lock', () =>
      checkLock(lock, (project) => sources.confirm(project, plan.origins[project])),
    );
    if (seen.verdict === 'confirmed') return found;
    const used = seen.verdict === 'unanswered';
    const text2 = used ? 'It is used as it is.' : 'It is resolved again.';
    tell(run, [{ id: 'shared-lock', text: `The bucket's lock could not be confirmed: ${seen.why}. ${text2}` }]);
    return used ? found : null;
  }

  return {
    now: async () => (none ? null : believe(await bucket.share.readLock())),
    later: async () => {
      if (none) return null;
      const text = await run.context.timeline.step('Ask the bucket', () => bucket.share.awaitLock(stale));
      return text === null ? null : believe(text);
    },
  };
}
