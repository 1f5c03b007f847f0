import { blame } from './blame.js';
import type { DiskFile } from './disk-file.js';
import { type DownloadState, forgetSize, takeBack } from './download-state.js';
import type { Refusal } from './refusal.js';
import { exhausted, type FileRoute } from './routes.js';
import type { Scout } from './scout.js';
import type { Timings } from './timings.js';

/** What is done about a whole whose hash is wrong. */
export interface Repair {
  /** The hash of the whole is `actual`, not the one expected: somebody's bytes are missing again. Throws Failure when nobody is left to bring them. */
  begin(actual: string): Promise<void>;
  /** The hash is right: a suspect whose bytes had to be `replaced` by other ones is proven wrong. */
  conclude(replaced: boolean): void;
}

/** Finds out whose bytes are wrong, by fetching one source's bytes elsewhere at a time. `accuse` takes a source's refusal in. */
export function createRepair(
  state: DownloadState,
  disk: DiskFile,
  scout: Scout,
  timings: Timings,
  signal: AbortSignal,
  accuse: (route: FileRoute, refusal: Refusal) => void,
): Repair {
  const { file, routes, bell } = state;
  const wrongHash = (sent: string): Refusal => {
    const detail = `sent ${sent} where the index says sha256 ${file.sha256}`;
    return { kind: 'wrong-hash', detail, remedy: null, retryAfterMs: null };
  };
  return {
    begin: async (actual) => {
      let next = blame(state.segments.sources(), routes);
      while (next.recall === null && scout.isOpen()) {
        scout.send();
        await bell.wait(signal);
        next = blame(state.segments.sources(), routes);
      }
      const { recall } = next;
      if (recall === null && routes.some((r) => r.otherSize)) {
        forgetSize(state, disk, timings);
        return;
      }
      if (recall === null) {
        throw exhausted(file, routes);
      }
      for (const route of routes.filter((r) => r.location.source === recall)) {
        if (next.proven) {
          accuse(route, { ...wrongHash(`sha256 ${actual}`), sha256: actual });
        } else {
          route.suspected = true;
        }
      }
      takeBack(recall, state, disk);
    },
    conclude: (replaced) => {
      for (const route of routes.filter((r) => r.suspected && replaced)) {
        accuse(route, wrongHash('other bytes'));
      }
    },
  };
}
