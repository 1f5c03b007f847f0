import { bucketSource } from '../store/s3/share.js';
import type { Lock } from '../values/lock.js';
import { maskUrl } from '../values/mask.js';
import type { Source } from '../values/source.js';
import type { Bucket } from './bucket.js';
import type { Run } from './context.js';
import type { Desk } from './desk.js';
import type { Works } from './run-gateway.js';

/** Writes the lock into the story. */
export function tellLock({ story }: Run, lock: Lock, path: string, resolved: boolean): void {
  story.lock = {
    path,
    files: lock.files.map(({ name, version, filename, kind, size, hashOrigin }) => ({
      name,
      version,
      filename,
      kind,
      size,
      hashOrigin,
    })),
    bytes: lock.files.reduce((sum, file) => sum + (file.size ?? 0), 0),
    resolved,
    unhashed: lock.unhashed,
  };
}

/** Writes what came from where, and what each source did wrong; sources that had nothing to do with the run are left out. */
export function tellTraffic({ story }: Run, desk: Desk, bucket: Bucket | null, works: Works): void {
  const fetched = works.transfers.fetched();
  const faults = [...desk.sources.faults(), ...works.transfers.faults()];
  const used = new Set([...desk.sources.used(), ...Object.keys(fetched), ...faults.map(({ source }) => source)]);
  const silent = ({ id, kind }: Source): boolean =>
    kind === 'find-links' && (fetched[id] ?? 0) === 0 && !faults.some(({ source }) => source === id);
  const named = desk.roster
    .filter((source) => used.has(source.id) && !silent(source))
    .map(({ id, url, origin }) => ({ id, url: maskUrl(url), origin }));
  if (bucket !== null && used.has(bucketSource)) {
    named.unshift({ id: bucketSource, url: maskUrl(bucket.url), origin: 'cache-url' });
  }
  const others = [...used]
    .filter((id) => id !== bucketSource && !desk.roster.some((source) => source.id === id))
    .map((id) => ({ id, url: id, origin: 'lock' }));
  story.sources = [...named, ...others].map((source) => ({
    ...source,
    bytes: fetched[source.id] ?? 0,
    faults: faults.filter((fault) => fault.source === source.id),
  }));
  const bytesFetched = Object.values(fetched).reduce((sum, bytes) => sum + bytes, 0);
  const bytesDownloaded = bytesFetched - (fetched[bucketSource] ?? 0);
  if (story.cache !== null) story.cache = { ...story.cache, bytesDownloaded };
  const stats = works.opened()?.stats();
  story.gateway = {
    pages: stats?.pages ?? 0,
    files: stats?.files ?? 0,
    bytesServed: stats?.bytesServed ?? 0,
    bytesFetched,
  };
}
