import { createClient } from '../net/client.js';
import { toPylock } from '../packaging/pylock.js';
import { hashFile } from '../store/hash.js';
import { openKeys } from '../store/s3/keys.js';
import { openObjects } from '../store/s3/objects.js';
import { readThrough } from '../store/s3/reader.js';
import { bucketSource, openShare, type Share } from '../store/s3/share.js';
import type { SourceTerms } from '../transfer/lanes.js';
import type { StoredFile } from '../values/gateway.js';
import type { HttpClient } from '../values/http.js';
import type { Lock } from '../values/lock.js';
import type { Log } from '../values/log.js';
import { nameOfPlace } from '../values/s3.js';
import type { IndexFile, SourceFault } from '../values/source.js';
import type { Store } from '../values/store.js';
import { goneAsNull } from '../values/system-error.js';
import type { Transfers } from '../values/transfers.js';
import { tell } from './conclude.js';
import type { Run } from './context.js';
import type { Prepared } from './prepare.js';

/** The bucket of a run. */
export interface Bucket {
  readonly share: Pick<Share, 'locate' | 'readLock' | 'awaitLock'>;
  /** The run's client, which reads the bucket too. */
  readonly client: HttpClient;
  /** Address of its wheels, which opens nothing by itself. */
  readonly url: string;
  /** What the transfers have to know of it. */
  readonly terms: SourceTerms;
  /** Has a file that arrived stored, unless it is one of this machine's own. */
  offer(stored: StoredFile, file: IndexFile, faults: readonly SourceFault[]): void;
  /** Stores a lock that this run has resolved. */
  storeLock(lock: Lock): Promise<void>;
  /** Has what this machine holds of a lock, and the lock, stored where the bucket lacks it: who waits for it need not wait for the run. */
  lend(lock: Lock, store: Store): Promise<void>;
  /** Stores what the bucket still lacks of a lock's files, and waits until all is there. */
  fill(lock: Lock, store: Store): Promise<void>;
  /** Waits for what is being stored, and lets others go on. */
  settle(): Promise<void>;
  /** Writes into the story what came from the bucket and what went there. */
  tell(transfers: Transfers): void;
  close(): Promise<void>;
}

/** Connections to the store's server at a time: it is made for many machines. */
const CONNECTIONS = 16;
/** How long (ms) it is believed that the bucket still has all of a lock: others remove what is old. Until then a warm run asks nobody. */
const TRUST_MS = 24 * 60 * 60 * 1000;

/** Opens the bucket that the request names; null where it names none. Nobody is asked before something is needed. */
export async function openBucket(run: Run, prepared: Prepared, client: HttpClient): Promise<Bucket | null> {
  const { request, context, deadline, story } = run;
  const { cacheUrl: place, paddle, requirements } = request;
  if (prepared.choice.kind !== 's3' || place === null) return null;
  const { environment, home, version } = context;
  // What becomes of the bucket belongs into the summary.
  const log: Log = { ...context.log, warn: (notice) => tell(run, [notice]) };
  const { signal } = deadline;
  const { writing } = prepared;
  const network = { ...prepared.runner.network, httpProxy: null, httpsProxy: null };
  const direct = createClient({ network, version, log });
  const ring = await openKeys({ client, direct, environment, home, region: place.region, log, signal });
  const readOnly = writing.allowed ? null : writing.why;
  const objects = openObjects({ client, place, region: ring.region, keys: ring.get, log });
  const share = openShare({ objects, key: prepared.key, mayWrite: writing.allowed, log, signal });
  const url = objects.address('wheels');
  if (readOnly !== null) log.info(`Nothing is stored in ${nameOfPlace(place)}: ${readOnly}.`);
  const keepsLock = paddle.kind !== 'nightly' && requirements.pylock === null;
  /** Name and value of the fact that all of a lock was there. One for each request: those that take turns must not make each other forget. */
  const factOf = (lock: Lock): [string, string] => [`bucket-${lock.key}`, `${url} ${lock.created}`];
  const isFilled = async (lock: Lock, store: Store): Promise<boolean> => {
    const [name, value] = factOf(lock);
    const kept = await store.readFact(name);
    return kept !== null && kept.ageMs < TRUST_MS && kept.value === value;
  };
  const offerHeld = async (lock: Lock, store: Store): Promise<void> => {
    const files = lock.files.filter(({ hashOrigin }) => hashOrigin !== 'local');
    await Promise.all(
      files.map(async (file) => {
        const stored = await store.find(file.sha256, file.filename);
        if (stored === null || (await share.has(file))) return;
        // The installer may not have read it yet, and drops what is wrong; a refusal of wrong bytes would end all storing.
        const actual = await hashFile(stored.path, 'hex', undefined, signal).catch(goneAsNull);
        if (actual === stored.sha256) share.offer(stored, false);
      }),
    );
  };
  return {
    share,
    client: readThrough(client, objects, share.refused),
    url,
    terms: { url, connections: CONNECTIONS, credentials: null, group: bucketSource, first: true },
    offer: (stored, file, faults) => {
      if (file.locations.some((location) => location.url.startsWith('file:'))) return;
      const wrong = faults.some(({ source, kind }) => source === bucketSource && kind === 'wrong-hash');
      share.offer(stored, wrong);
    },
    storeLock: async (lock) => {
      if (keepsLock) await share.storeLock(toPylock(lock));
    },
    lend: async (lock, store) => {
      if (await isFilled(lock, store)) return;
      // One that was resolved in this run is there; an older one does not replace what others have stored meanwhile.
      if (keepsLock && (await share.readLock()) === null) await share.storeLock(toPylock(lock));
      await offerHeld(lock, store);
    },
    fill: async (lock, store) => {
      if (await isFilled(lock, store)) return;
      await context.timeline.step('Fill the bucket', async () => {
        await offerHeld(lock, store);
        await share.close();
      });
      if (share.isWhole()) await store.writeFact(...factOf(lock));
    },
    settle: share.close,
    tell: (transfers) => {
      const { cache, lock } = story;
      if (cache === null || lock === null) return;
      // The user's own files are neither in the folder nor in the bucket.
      const wanted = lock.files.filter(({ hashOrigin }) => hashOrigin !== 'local');
      const names = new Set(wanted.map(({ filename }) => filename));
      const arrived = transfers.arrived();
      const lent = share.lent().filter(({ sha256, filename }) => arrived.has(sha256) && names.has(filename));
      const filesReused = cache.filesReused + lent.length;
      const { [bucketSource]: bytesRead = 0, ...others } = transfers.fetched();
      // What the bucket could not bring to its end came from elsewhere.
      const helped = transfers.faults().some(({ source }) => source === bucketSource) && Object.keys(others).length > 0;
      const all = !lock.resolved && filesReused === wanted.length && !helped;
      const bytesLent = Math.min(
        bytesRead,
        lent.reduce((sum, { size }) => sum + size, 0),
      );
      story.cache = {
        ...cache,
        hit: all ? 'exact' : filesReused > 0 ? 'partial' : 'miss',
        filesReused,
        bytesReused: cache.bytesReused + bytesLent,
        bucket: { ...share.report(), bytesRead, readOnly },
      };
    },
    close: async () => {
      await share.close();
      await direct.close();
    },
  };
}
