import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from '../../../src/net/client.js';
import { openDirectoryStore } from '../../../src/store/directory.js';
import { openObjects, type S3Objects } from '../../../src/store/s3/objects.js';
import { readThrough } from '../../../src/store/s3/reader.js';
import { bucketSource, openShare, type Share, type ShareTimes } from '../../../src/store/s3/share.js';
import { openTransfers } from '../../../src/transfer/transfers.js';
import type { StoredFile } from '../../../src/values/gateway.js';
import type { IndexFile } from '../../../src/values/source.js';
import type { Transfers } from '../../../src/values/transfers.js';
import { keys, listeningLog, type TestBucket } from './bucket.js';

/** A lease that is kept and lost in moments. */
export const brisk: ShareTimes = { beatMs: 300, deadMs: 5_000, pollMs: 100, waitMs: 30_000 };

/** What a job has of the program: a store of its own, transfers, and the bucket that it shares. */
export interface Job {
  readonly folder: string;
  readonly share: Share;
  readonly transfers: Transfers;
  readonly objects: S3Objects;
  readonly log: ReturnType<typeof listeningLog>;
  bring(file: IndexFile): Promise<StoredFile>;
  /** What the small files of its folder hold. */
  texts(): string[];
  close(): Promise<void>;
}

/** A machine with nothing on it, in front of a bucket. */
export async function openJob(
  bucket: TestBucket,
  folder: string,
  options: {
    readonly times?: Partial<ShareTimes>;
    readonly mayWrite?: boolean;
    readonly backOffMs?: number;
    readonly patienceMs?: number;
  },
): Promise<Job> {
  const { times = {}, mayWrite = true, backOffMs = 10, patienceMs = 4_000 } = options;
  const log = listeningLog();
  const network = { httpsProxy: null, httpProxy: null, noProxy: [], caFiles: [] };
  const client = createClient({ network, version: '0.0.0', log });
  const end = new AbortController();
  const objects = openObjects({
    client,
    place: bucket.place,
    region: 'us-east-1',
    keys: () => Promise.resolve(keys),
    log,
    backOffMs,
    patienceMs,
  });
  const share = openShare({ objects, key: 'KEY', mayWrite, log, signal: end.signal, times: { ...brisk, ...times } });
  const transfers = openTransfers({
    client: readThrough(client, objects, share.refused),
    store: await openDirectoryStore(folder),
    log,
    signal: end.signal,
    sources: (id) => ({ url: '', connections: 4, credentials: null, group: id, first: id === bucketSource }),
    // Small segments, so that a small file comes over several connections.
    timings: { segmentBytes: 2 ** 18, wholeBelow: 2 ** 19, splitBytes: 2 ** 17 },
    before: share.locate,
    arrived: (stored, _file, faults) =>
      share.offer(
        stored,
        faults.some(({ source, kind }) => source === bucketSource && kind === 'wrong-hash'),
      ),
  });
  return {
    folder,
    share,
    transfers,
    objects,
    log,
    bring: (file) => transfers.get(file).done,
    texts: () =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .map((name) => join(folder, name))
        .filter((path) => statSync(path).isFile() && statSync(path).size < 100_000)
        .map((path) => readFileSync(path, 'utf8')),
    close: async () => {
      await transfers.close();
      await share.close();
      end.abort();
      await client.close();
    },
  };
}
