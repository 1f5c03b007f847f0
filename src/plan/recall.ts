import type { Lock } from '../values/lock.js';
import type { Draft, Plan } from '../values/plan.js';
import { assemble } from './assemble.js';
import { belongs } from './choose-release.js';
import { isWished } from './pairs.js';

/** The plan that a kept lock stands for, without asking an index; null where the lock does not answer the draft (any more). */
export function recall(draft: Draft, lock: Lock): Plan | null {
  const candidate = draft.candidates.find(
    ({ device, distribution }) => device === lock.device && distribution === lock.distribution,
  );
  const versionOf = (project: string): string | null =>
    lock.files.find(({ name }) => name === project)?.version ?? null;
  if (candidate === undefined || versionOf(candidate.distribution) !== lock.paddleVersion) {
    return null;
  }
  const plugin = candidate.plugin === null ? null : versionOf(candidate.plugin);
  const paired =
    candidate.plugin === null || (plugin !== null && (candidate.companions[plugin] ?? plugin) === lock.paddleVersion);
  const wished = isWished({ version: lock.paddleVersion, plugin, guessed: false }, candidate, true);
  return paired && wished && belongs(lock.paddleVersion, candidate)
    ? assemble(
        candidate,
        { version: lock.paddleVersion, plugin },
        draft,
        lock.requiresPython.replace(/^[^\d]*/, ''),
        [],
      )
    : null;
}
