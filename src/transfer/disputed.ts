import { Failure } from '../values/failure.js';
import type { StoredFile } from '../values/gateway.js';
import type { IndexFile } from '../values/source.js';
import type { Transfer } from '../values/transfers.js';

/** The files that sources mean who state different hashes for one name, no referee among them; one entry where they agree. */
export function readings(file: IndexFile): readonly IndexFile[] {
  const hashes = new Set(file.locations.flatMap((l) => (l.sha256 === null ? [] : [l.sha256])));
  if (file.sha256 !== null || hashes.size < 2) {
    return [file];
  }
  return [...hashes].map((sha256) => ({
    ...file,
    sha256,
    hashOrigin: 'index',
    size: file.locations.find((l) => l.sha256 === sha256)?.size ?? null,
    locations: file.locations.filter((l) => l.sha256 === sha256),
  }));
}

/**
 * Settles a disputed hash by the bytes: a source whose own bytes don't match its own page is out. When several are consistent in
 * themselves the file is refused, all of them named.
 */
export function settleDispute(file: IndexFile, sides: readonly IndexFile[], transfers: readonly Transfer[]): Transfer {
  const decide = async (): Promise<{ stored: StoredFile; transfer: Transfer }> => {
    const outcomes = await Promise.allSettled(
      transfers.map(async (transfer) => ({ stored: await transfer.done, transfer })),
    );
    const good = outcomes.filter((o) => o.status === 'fulfilled').map((o) => o.value);
    const [only] = good;
    if (good.length === 1 && only !== undefined) {
      return only;
    }
    const failures = outcomes.flatMap((o) =>
      o.status === 'rejected' && o.reason instanceof Failure ? o.reason.problems : [],
    );
    const claims = sides
      .map((side) => `${side.locations.map((l) => l.source).join(', ')} (sha256 ${side.sha256})`)
      .join(' against ');
    const dispute = {
      where: file.filename,
      what: `Sources have different files of this name, each as its own page says: ${claims}.`,
      remedy: 'Name one of them alone with `mirrors`, or give a lock with the right hash as `requirements`.',
    };
    throw new Failure(1, good.length === 0 ? failures : [dispute]);
  };
  const decided = decide();
  const done = decided.then((d) => d.stored);
  // Readers and those who wait for the size learn of a failure by themselves.
  done.catch(() => undefined);
  return {
    done,
    size: async () => (await decided).stored.size,
    read: async function* (from, signal) {
      yield* (await decided).transfer.read(from, signal);
    },
    faults: () => transfers.flatMap((t) => t.faults()),
  };
}
