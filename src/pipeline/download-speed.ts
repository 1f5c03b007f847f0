import { readSpeed, type Speed } from '../store/github/entry.js';
import { bucketSource } from '../store/s3/share.js';
import type { Store } from '../values/store.js';
import type { Transfers } from '../values/transfers.js';

/** How long (ms) a measured speed is believed: networks change. */
const MEASURED_FOR_MS = 7 * 24 * 3600 * 1000;
const FACT = 'speed-download';

/** A speed that this machine has measured lately and kept under a name; null where there is none. */
export async function keptSpeed(store: Pick<Store, 'readFact'>, name = FACT): Promise<Speed | null> {
  const kept = await store.readFact(name);
  return kept !== null && kept.ageMs < MEASURED_FOR_MS ? readSpeed(kept.value) : null;
}

/**
 * What this run's own transfers show of indexes and mirrors, which is kept for later runs; null where they brought too little, or a bucket
 * brought a part of it: the time of the two is not told apart.
 */
export async function measuredSpeed(
  store: Pick<Store, 'writeFact'>,
  transfers: Pick<Transfers, 'fetched' | 'spentMs'>,
): Promise<Speed | null> {
  const fetched = transfers.fetched();
  const bytes = Object.values(fetched).reduce((sum, count) => sum + count, 0);
  const seen = (fetched[bucketSource] ?? 0) > 0 ? null : readSpeed({ bytes, ms: transfers.spentMs() });
  if (seen !== null) await store.writeFact(FACT, seen);
  return seen;
}
