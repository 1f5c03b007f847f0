import { setTimeout as sleep } from 'node:timers/promises';
import type { Lock, LockedFile } from '../values/lock.js';
import type { ProjectPage } from '../values/source.js';

/**
 * What the indexes say of a lock that somebody else may have written. `confirmed`: each file is listed with its hash, or with none
 * where the index publishes none; `refuted`: one is listed otherwise, or not at all; `unanswered`: no index could be asked about one.
 */
export type LockVerdict =
  | { readonly verdict: 'confirmed' }
  | { readonly verdict: 'refuted' | 'unanswered'; readonly why: string };

function judge(file: LockedFile, page: ProjectPage): LockVerdict {
  const listed = page.files.find(({ filename }) => filename === file.filename);
  const refute = (why: string): LockVerdict => ({ verdict: 'refuted', why: `${file.filename} ${why}` });
  if (listed === undefined) {
    if (page.answered.length > 0) return refute('is on no index');
    return { verdict: 'unanswered', why: `no index answers for ${file.name}` };
  }
  if (listed.sha256 !== null && listed.sha256 !== file.sha256) return refute('has another hash on the index');
  if (listed.size !== null && file.size !== null && listed.size !== file.size)
    return refute('has another length on the index');
  return { verdict: 'confirmed' };
}

/** Milliseconds for the pages: a network that swallows requests is one where no index answers. */
const LIMIT_MS = 15_000;

/**
 * Holds a lock against the pages of its projects, all asked at once; no file is fetched. A file of another machine can't be checked, so
 * it refutes the lock.
 */
export async function checkLock(
  lock: Pick<Lock, 'files'>,
  page: (project: string) => Promise<ProjectPage>,
  limitMs = LIMIT_MS,
): Promise<LockVerdict> {
  const judged = Promise.all(
    lock.files.map(async (file): Promise<LockVerdict> => {
      if (file.hashOrigin === 'local')
        return { verdict: 'refuted', why: `${file.filename} is a file of another machine` };
      return judge(file, await page(file.name));
    }),
  );
  const late = new AbortController();
  const silence: Promise<readonly LockVerdict[]> = sleep(limitMs, undefined, { signal: late.signal }).then(() => [
    { verdict: 'unanswered', why: `the indexes did not answer within ${limitMs / 1000} s` },
  ]);
  // The loser of the race has nothing to say any more.
  silence.catch(() => undefined);
  const verdicts = await Promise.race([judged, silence]).finally(() => late.abort());
  const refuted = verdicts.find(({ verdict }) => verdict === 'refuted');
  return refuted ?? verdicts.find(({ verdict }) => verdict === 'unanswered') ?? { verdict: 'confirmed' };
}
