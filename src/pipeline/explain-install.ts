import { Failure } from '../values/failure.js';
import { type GatewayProblem, servingProblems } from '../values/gateway.js';

/**
 * Why an installation failed. What the gateway could not serve since it began (`told`, less what was `known` before) is the reason, of
 * which an installer knows a status alone; each place is told once. Anything but a Failure is given back as it is.
 */
export function explainInstall(
  error: unknown,
  told: readonly GatewayProblem[],
  known: ReadonlySet<GatewayProblem>,
): unknown {
  const causes = servingProblems(told.filter((problem) => !known.has(problem)));
  if (!(error instanceof Failure) || causes.length === 0) return error;
  const places = new Map(causes.map((cause) => [cause.where, cause]));
  return new Failure(1, [...places.values()], { cause: error });
}
