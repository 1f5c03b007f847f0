import type { FaultKind } from '../values/source.js';
import type { FileRoute } from './routes.js';
import type { Surroundings } from './surroundings.js';

/** Faults that a proxy which is started again, or a cable, makes for every source alike. */
const OF_THE_WAY: ReadonlySet<FaultKind> = new Set(['refused', 'dns', 'timeout', 'reset', 'proxy', 'slow']);
/** The last bytes that came are read so long (ms) after the first connection broke. */
const IN_BUFFERS_MS = 500;
/** So long (ms) after everything was given up it is asked again, spread by half. */
const AGAIN_MS = 2000;

/**
 * After the last source of a file was given up: tells whether the way out of this machine may be gone for a while, since bytes came over it a
 * while ago and none from anywhere since these sources began to fail. They are asked again, once more each, after a pause.
 */
export function outlasts(
  routes: readonly FileRoute[],
  around: Pick<Surroundings, 'lastByteAt' | 'tellOutage' | 'timings'>,
): boolean {
  const [now, lastByteAt] = [performance.now(), around.lastByteAt()];
  if (lastByteAt === null || now - lastByteAt > around.timings.outageMs) {
    return false;
  }
  const cutOff = routes.filter(
    ({ lane, refusal, failingSince }) =>
      !lane.left && refusal !== null && OF_THE_WAY.has(refusal.kind) && failingSince >= lastByteAt - IN_BUFFERS_MS,
  );
  for (const route of cutOff) {
    route.left = false;
    route.notBefore = now + AGAIN_MS * (0.5 + Math.random());
  }
  if (cutOff.length > 0) {
    around.tellOutage();
  }
  return cutOff.length > 0;
}
