import { defectsOf, needsOf } from '../catalog/releases.js';
import { normalise } from '../packaging/name.js';
import type { Notice } from '../values/log.js';
import type { Candidate, Draft, Plan } from '../values/plan.js';
import type { Chosen } from './choose-release.js';
import { minorOf } from './target.js';

/**
 * The plan for a chosen release on a Python (`3.11.7`, `3.11.2+` of a branch, or `3.11` of a lock). Not listed among the origins: everything that
 * comes from the Python index, `nvidia-*` among it.
 */
export function assemble(
  candidate: Candidate,
  { version, plugin }: Chosen,
  draft: Draft,
  python: string,
  notices: readonly Notice[],
): Plan {
  const { distribution } = candidate;
  const companion =
    candidate.plugin === null || plugin === null
      ? []
      : [{ name: candidate.plugin, specifier: `==${plugin}`, reason: `the plug-in of ${candidate.device}` }];
  const defects = defectsOf(distribution, version);
  return {
    device: candidate.device,
    cuda: candidate.cuda,
    channel: draft.channel,
    distribution,
    version,
    pins: [
      { name: distribution, specifier: `==${version}`, reason: `PaddlePaddle for ${candidate.device}` },
      ...companion,
      ...needsOf(version, minorOf(python)).map(({ name, specifier, reason }) => ({ name, specifier, reason })),
    ],
    origins: Object.fromEntries(Object.entries(candidate.origins).map(([name, origins]) => [normalise(name), origins])),
    knownDefects: defects.map(({ id, check, text, remedy }) => ({
      id,
      check,
      // The device alone leaves a plug-in's pair no choice of release.
      asked: draft.wish !== '' || plugin !== null,
      text: `PaddlePaddle ${version}: ${text}. ${remedy}`,
    })),
    notices: [
      ...draft.notices,
      ...notices,
      ...defects.map(({ id, text, remedy }) => ({ id, text: `PaddlePaddle ${version}: ${text}. ${remedy}` })),
    ],
  };
}
