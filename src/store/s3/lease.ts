import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../values/log.js';
import { type S3Objects, textUpload } from './objects.js';
import { S3Refusal } from './refusal.js';
import { putIf } from './write-once.js';

/** How often the holder says that it lives, and how long its silence may last, ms. */
export interface LeaseTimes {
  readonly beatMs: number;
  readonly deadMs: number;
}

/** What others see of the lease of a key. */
export interface LeaseView {
  readonly state: 'none' | 'alive' | 'dead';
  /** ETag of the lease object; '' where there is none. */
  readonly etag: string;
  /** Who holds it; '' where it does not say. */
  readonly holder: string;
  /** Keys of what the holder has stored so far. */
  readonly arrived: ReadonlySet<string>;
}

/** The right to bring what is missing, and the duty to store it. */
export interface Lease {
  /** Tells the others that something is stored. */
  announce(key: string): void;
  /** Gives it up; what is there stays. */
  release(): Promise<void>;
}

const LIMIT = 2 ** 20;
/** Milliseconds for giving a lease up: past that it ends by itself. */
const RELEASE_MS = 5_000;

function readLease(text: string): Pick<LeaseView, 'holder' | 'arrived'> {
  try {
    const told = JSON.parse(text) as { readonly holder?: unknown; readonly arrived?: unknown } | null;
    const { holder, arrived } = told ?? {};
    return {
      holder: typeof holder === 'string' ? holder : '',
      arrived: new Set(Array.isArray(arrived) ? arrived.filter((key) => typeof key === 'string') : []),
    };
  } catch {
    // Whatever it is, its holder announces nothing; its age still tells whether it lives.
    return { holder: '', arrived: new Set() };
  }
}

/** Looks at the lease `key`. Its age is told by the store's own clock, so no two machines have to agree on the time. */
export async function lookAtLease(
  objects: S3Objects,
  key: string,
  { deadMs }: LeaseTimes,
  signal: AbortSignal,
): Promise<LeaseView> {
  const found = await objects.read(key, LIMIT, signal);
  if (found === null) return { state: 'none', etag: '', holder: '', arrived: new Set() };
  const state = found.ageMs !== null && found.ageMs > deadMs ? 'dead' : 'alive';
  return { state, etag: found.etag, ...readLease(found.text) };
}

/**
 * Takes the lease that `seen` shows to be free or dead: of all who try, the condition lets one through. Null where somebody else was
 * faster. The holder beats until it releases.
 */
export async function takeLease(
  objects: S3Objects,
  key: string,
  seen: LeaseView,
  { beatMs }: LeaseTimes,
  log: Pick<Log, 'debug'>,
  signal: AbortSignal,
): Promise<Lease | null> {
  const holder = randomUUID();
  const arrived = new Set<string>();
  let beats = 0;
  /** How many of them the latest beat told of. */
  let told = 0;
  const text = (): string => {
    beats += 1;
    told = arrived.size;
    return JSON.stringify({ schema: 1, holder, beat: beats, arrived: [...arrived] });
  };
  /** Puts the next beat in the place of `before` ('': of nothing). The ETag that is ours then; null where the lease is somebody else's. */
  const put = async (before: string): Promise<string | null> => {
    const next = text();
    const condition = before === '' ? { ifNoneMatch: '*' as const } : { ifMatch: before };
    const again = objects.begin(signal);
    for (;;) {
      let refusal: S3Refusal | null = null;
      try {
        const etag = await putIf(objects, key, textUpload(next), condition, signal);
        if (etag !== null) return etag;
      } catch (error) {
        if (!(error instanceof S3Refusal) || error.status !== 0) throw error;
        refusal = error;
      }
      // A connection that broke may have been a refusal, or a success whose answer was lost, and so may a first try that the store
      // called an error: what is there now tells.
      const now = await objects.read(key, LIMIT, signal);
      if (now?.text === next) return now.etag;
      if (refusal === null || (now?.etag ?? '') !== before) return null;
      if (!(await again(refusal))) throw refusal;
    }
  };
  const taken = await put(seen.etag);
  if (taken === null) return null;

  const end = new AbortController();
  let etag = taken;
  let held = true;
  let wake = (): void => undefined;
  const beat = async (): Promise<void> => {
    try {
      const next = await put(etag);
      held = next !== null;
      etag = next ?? '';
      if (!held) log.debug(`S3: the lease ${key} was taken over`);
    } catch (error) {
      // The next beat tries again; without any the lease ends, and others go on.
      if (!(error instanceof S3Refusal)) throw error;
      log.debug(`S3: ${error.message}`);
    }
  };
  const live = async (): Promise<void> => {
    while (held && !end.signal.aborted && !signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (arrived.size === told) {
        await Promise.race([woken, sleep(beatMs, undefined, { signal: end.signal }).catch(() => undefined)]);
      }
      // What is stored at about the same time is told in one go.
      if (arrived.size > told) await sleep(Math.min(200, beatMs / 2));
      if (!end.signal.aborted) await beat();
    }
  };
  const living = live().catch((error: unknown) => log.debug(String(error)));
  return {
    announce: (stored) => {
      arrived.add(stored);
      wake();
    },
    release: async () => {
      end.abort();
      wake();
      const limit = AbortSignal.timeout(RELEASE_MS);
      // A beat that is under way would bring it back.
      await Promise.race([living, sleep(RELEASE_MS, undefined, { ref: false })]);
      if (!held) return;
      try {
        // A holder that slept (a suspended machine) may find its successor's lease in the place of its own.
        if (readLease((await objects.read(key, LIMIT, limit))?.text ?? '').holder === holder)
          await objects.remove(key, limit);
      } catch (error) {
        log.debug(`S3: ${String(error)}`);
      }
    },
  };
}
