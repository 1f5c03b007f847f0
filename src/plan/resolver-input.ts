import { paddleProjects } from '../catalog/devices.js';
import { parseRequirement } from '../packaging/requirement.js';
import type { Plan } from '../values/plan.js';
import type { Request } from '../values/request.js';
import type { Requirement } from '../values/requirement.js';

/** Lines for the resolver. */
export interface ResolverInput {
  /** The plan's pins, then the user's requirements. */
  readonly requirements: readonly Requirement[];
  readonly constraints: readonly Requirement[];
}

/**
 * One resolution of PaddlePaddle and everything else: the user's own lines for PaddlePaddle give way to the plan's pins, which hold to
 * them and keep their hashes.
 */
export function resolverInput({ pins }: Plan, { paddle, requirements: set }: Request): ResolverInput {
  const others = (lines: readonly Requirement[]): Requirement[] =>
    lines.filter(({ normalised }) => !paddleProjects.has(normalised ?? ''));
  const origin = paddle.kind === 'specifier' ? paddle.origin : 'paddle-version';
  return {
    requirements: [
      ...pins.map(({ name, specifier }) => ({
        ...parseRequirement(`${name}${specifier}`, origin),
        hashes: set.requirements.filter(({ normalised }) => normalised === name).flatMap(({ hashes }) => hashes),
      })),
      ...others(set.requirements),
    ],
    constraints: others(set.constraints),
  };
}
