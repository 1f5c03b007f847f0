import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isPinned, keptLock } from '../lock/keep.js';
import { markerEnvironment } from '../packaging/marker.js';
import { fromPylock } from '../packaging/pylock.js';
import { recall } from '../plan/recall.js';
import type { Store } from '../store/store.js';
import { Failure } from '../values/failure.js';
import type { Lock } from '../values/lock.js';
import type { Plan } from '../values/plan.js';
import type { Context } from './context.js';
import type { Prepared } from './prepare.js';

/** A lock with the plan that it stands for. */
export interface LockedPlan {
  readonly lock: Lock;
  readonly plan: Plan;
}

/** The lock that the cache keeps for this request, where it is young enough and still answers the draft; null otherwise. */
export async function keptPlan(prepared: Prepared, store: Store, context: Context): Promise<LockedPlan | null> {
  const { request, runner, draft, key } = prepared;
  const { requirements, paddle, lockMaxAgeMs } = request;
  // Nightlies change every day, so their lock is never kept.
  if (paddle.kind === 'nightly') return null;
  const versionNamed = paddle.kind === 'specifier' && /^===?[^*,]+$/.test(paddle.specifier);
  const lock = await keptLock({
    shelf: store,
    key,
    pinned: versionNamed && isPinned(requirements.requirements),
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
export async function givenPlan(prepared: Prepared, pylock: string): Promise<LockedPlan> {
  const { runner, draft, key } = prepared;
  const text = await readFile(pylock, 'utf8');
  const environment = markerEnvironment(runner.interpreter);
  const read = fromPylock(text, pylock, runner.interpreter.tags, environment, path.dirname(pylock));
  const names = draft.candidates.map(({ distribution }) => distribution);
  const candidate = draft.candidates.find(({ distribution, device }) => {
    const there = read.files.some(({ name }) => name === distribution);
    return there && (read.device === '' || read.device === device);
  });
  if (candidate === undefined) {
    const what = `It holds no ${[...new Set(names)].join(' or ')}${read.device === '' ? '' : ` for this device: it was made for ${read.device}`}.`;
    throw new Failure(2, [
      {
        where: pylock,
        what,
        remedy: 'Make a lock that includes PaddlePaddle for this device, or give requirements files instead.',
      },
    ]);
  }
  const version = read.files.find(({ name }) => name === candidate.distribution)?.version ?? '';
  const lock: Lock = {
    ...read,
    device: candidate.device,
    cuda: candidate.cuda,
    distribution: candidate.distribution,
    paddleVersion: version,
    key,
  };
  const plan = recall(draft, lock);
  if (plan === null) {
    const what = `It holds ${candidate.distribution} ${version}, which is not what paddle-version and device ask for.`;
    throw new Failure(2, [{ where: pylock, what, remedy: 'Leave paddle-version out, or make a new lock.' }]);
  }
  return { lock, plan };
}
