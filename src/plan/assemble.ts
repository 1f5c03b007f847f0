import { findDevice } from '../catalog/devices.js';
import { librariesOf } from '../catalog/libraries.js';
import { defectsOf, needsOf } from '../catalog/releases.js';
import { normalise } from '../packaging/name.js';
import type { Notice } from '../values/log.js';
import type { Candidate, Draft, Plan } from '../values/plan.js';
import type { Chosen } from './pairs.js';
import { minorOf } from './target.js';
import { splitPost } from './wish.js';

/** What the catalogue knows of a build beside where it is. */
function buildFacts(device: string, version: string, platform: string): Plan['build'] {
  const os = platform.split('-')[0] ?? '';
  const driver = findDevice(device)?.driver ?? null;
  const brought = librariesOf(device, version, os);
  if (driver === null && brought === undefined) {
    return null;
  }
  const number = os === 'win32' ? driver?.windows : driver?.linux;
  return {
    driver: driver?.cuda ? `${number} (CUDA ${driver.cuda})` : (number ?? null),
    cudnn: brought?.cudnn ?? null,
    nccl: os === 'win32' ? null : (brought?.nccl ?? null),
    tensorrt: brought?.tensorrt ?? null,
    source: [...new Set([driver?.source, brought?.source].filter((one) => one !== undefined))].join('; '),
  };
}

/**
 * The plan for a chosen release on a Python (`3.11.7`, `3.11.2+` of a branch, or `3.11` of a lock). Not listed among the origins: everything that
 * comes from the Python index, `nvidia-*` among it.
 */
export function assemble(
  candidate: Candidate,
  { version, plugin }: Pick<Chosen, 'version' | 'plugin'>,
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
    why: draft.reasons[candidate.device] ?? '',
    cuda: candidate.cuda,
    build: buildFacts(candidate.device, splitPost(version).release, draft.platform),
    channel: draft.channel,
    distribution,
    version,
    pins: [
      { name: distribution, specifier: `==${version}`, reason: `PaddlePaddle for ${candidate.device}` },
      ...companion,
      ...needsOf(candidate.device, version, minorOf(python)).map(({ name, specifier, reason }) => ({
        name,
        specifier,
        reason,
      })),
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
