import { createHash } from 'node:crypto';
import type { Plan } from '../values/plan.js';

/**
 * Name of the gateway for one set of page contents, fit for a host label (RFC 1123): `cpu-stable-1a2b3c4d`. Installers keep their
 * caches by it. `addresses` are all that change what the pages hold: private indexes in order, a list of `mirrors`, `paddle-index`;
 * without credentials.
 */
export function gatewayName(
  { device, channel, origins }: Pick<Plan, 'device' | 'channel' | 'origins'>,
  addresses: readonly string[],
): string {
  const hash = createHash('sha256').update(JSON.stringify([Object.entries(origins).sort(), addresses]));
  return `${device}-${channel}-${hash.digest('hex').slice(0, 8)}`;
}
