import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isPinned, keptLock, type LockShelf } from '../lock/keep.js';
import { markerEnvironment } from '../packaging/marker-environment.js';
import { fromPylock } from '../packaging/pylock.js';
import { isExact } from '../packaging/version.js';
import { recall } from '../plan/recall.js';
import { Failure } from '../values/failure.js';
import type { Lock } from '../values/lock.js';
import type { Plan } from '../values/plan.js';
import type { Kept, Store } from '../values/store.js';
import type { Run } from './context.js';
import type { Prepared } from './prepare.js';

/** A lock with the plan that it stands for. */
export interface LockedPlan {
  readonly lock: Lock;
  readonly plan: Plan;
}

/** The lock that a cache keeps for this request, where it is young enough and still answers the draft; null otherwise. */
export async function keptPlan(
  { request, context }: Run,
  prepared: Prepared,
  shelf: Pick<LockShelf, 'readLock'>,
): Promise<LockedPlan | null> {
  const { runner, draft, key } = prepared;
  const { requirements, paddle, lockMaxAgeMs } = request;
  // Nightlies change every day, so their lock is never kept.
  if (paddle.kind === 'nightly') return null;
  const lock = await keptLock({
    shelf,
    key,
    pinned: paddle.kind === 'specifier' && isExact(paddle.specifier) && isPinned(requirements.requirements),
    maxAgeMs: lockMaxAgeMs,
    now: context.started,
    tags: runner.interpreter.tags,
    environment: markerEnvironment(runner.interpreter),
    log: context.log,
  });
  const plan = lock === null ? null : recall(draft, lock);
  return lock === null || plan === null ? null : { lock, plan };
}

/** The user's own `pylock.toml`: it says everything, so no index is asked. Throws Failure(2) where it does not fit this interpreter or this request. */
async function givenPlan({ runner, draft, key }: Prepared, pylock: string): Promise<LockedPlan> {
  const text = await readFile(pylock, 'utf8');
  const environment = markerEnvironment(runner.interpreter);
  const read = fromPylock(text, pylock, runner.interpreter.tags, environment, path.dirname(pylock));
  const refuse = (what: string, remedy: string): Failure => new Failure(2, [{ where: pylock, what, remedy }]);
  const candidate = draft.candidates.find(
    ({ distribution, device }) =>
      read.files.some(({ name }) => name === distribution) && (read.device === '' || read.device === device),
  );
  if (candidate === undefined) {
    const names = [...new Set(draft.candidates.map(({ distribution }) => distribution))].join(' or ');
    const made = read.device === '' ? '' : ` for this device: it was made for ${read.device}`;
    throw refuse(
      `It holds no ${names}${made}.`,
      'Make a lock that includes PaddlePaddle for this device, or give requirements files instead.',
    );
  }
  const { device, cuda, distribution } = candidate;
  const paddleVersion = read.files.find(({ name }) => name === distribution)?.version ?? '';
  const lock: Lock = { ...read, device, cuda, distribution, paddleVersion, key };
  const plan = recall(draft, lock);
  if (plan !== null) return { lock, plan };
  const what = `It holds ${distribution} ${paddleVersion}, which is not what paddle-version and device ask for.`;
  throw refuse(what, 'Leave paddle-version out, or make a new lock.');
}

/** A lock that is there already and needs no check: the one that the user gave, else the one that this user has used before; null where there is none. */
export function obtainLock(
  run: Run,
  prepared: Prepared,
  stock: { readonly store: Store } | null,
): Promise<LockedPlan | null> {
  const { pylock } = run.request.requirements;
  if (pylock !== null) return givenPlan(prepared, pylock);
  if (stock === null) return Promise.resolve(null);
  const readLock = async (key: string): Promise<Kept<string> | null> => {
    const kept = await stock.store.readLock(key);
    return kept?.foreign === true ? null : kept;
  };
  return keptPlan(run, prepared, { readLock });
}
