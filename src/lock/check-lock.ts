import { setTimeout as sleep } from 'node:timers/promises';
import type { Lock, LockedFile } from '../values/lock.js';
import type { ProjectPage } from '../values/source.js';

/**
 * What the indexes say of a lock that somebody else may have written. `confirmed`: each file is listed with its hash, or with none
 * where the index publishes none; `refuted`: one is listed otherwise, or by nobody while indexes answer, or there is something that no
 * index could know; `unanswered`: no index answered about any of them.
 */
export type LockVerdict =
  | { readonly verdict: 'confirmed' }
  | { readonly verdict: 'refuted' | 'unanswered'; readonly why: string };

/** What is wrong with a file; null where nothing is. `page`: null where it did not come in time. */
function refute(file: LockedFile, page: ProjectPage | null): string | null {
  const { filename, sha256, size } = file;
  if (file.hashOrigin === 'local') return `${filename} is a file of another machine`;
  const listed = page?.files.find((one) => one.filename === filename);
  if (listed === undefined) return `no index that answers lists ${filename}`;
  if (listed.sha256 !== null && listed.sha256 !== sha256) return `${filename} has another hash on the index`;
  const differs = listed.size !== null && size !== null && listed.size !== size;
  return differs ? `${filename} has another length on the index` : null;
}

/** Milliseconds for the pages: a network that swallows requests is one where no index answers. */
const LIMIT_MS = 15_000;

/**
 * Holds a lock against the pages of its projects, all asked at once; no file is fetched. A project that no index has is not told from one
 * about which none answers, so that one answer about any of them is enough to want one about each: whoever can write a lock could invent
 * a project.
 *
 * It is the check of a bucket's lock, which hundreds of jobs read, and costs pages alone. The stricter one of `pipeline/recheck-lock.ts`
 * asks as well whether the request requires each file, and needs the metadata of all of them for it: 1.5 MB for PaddlePaddle's CPU build
 * where an index keeps none beside its wheels, so that 150 jobs would fetch as much as one wheel set. What it sees and this one
 * does not stands in `docs/threat-model.md`.
 */
export async function checkLock(
  { files, unhashed }: Pick<Lock, 'files' | 'unhashed'>,
  page: (project: string) => Promise<ProjectPage>,
  limitMs = LIMIT_MS,
): Promise<LockVerdict> {
  // It would be fetched and built as it is: nothing tells it from what a stranger wrote.
  if (unhashed.length > 0) return { verdict: 'refuted', why: `${unhashed.join(', ')} has no hash` };
  const pages = new Map<LockedFile, ProjectPage>();
  const asked = Promise.all(files.map(async (file) => pages.set(file, await page(file.name))));
  const late = new AbortController();
  const limit = sleep(limitMs, undefined, { signal: late.signal });
  // The loser of the race has nothing to say any more.
  limit.catch(() => undefined);
  await Promise.race([asked, limit]).finally(() => late.abort());
  const answered = [...pages.values()].some((one) => one.answered.length > 0 || one.files.length > 0);
  const local = files.some(({ hashOrigin }) => hashOrigin === 'local');
  if (!answered && !local) return { verdict: 'unanswered', why: 'no index answers' };
  const why = files.map((file) => refute(file, pages.get(file) ?? null)).find((one) => one !== null);
  return why === undefined || why === null ? { verdict: 'confirmed' } : { verdict: 'refuted', why };
}
