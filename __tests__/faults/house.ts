import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scene } from '../../bench/faults/rows.js';
import { createClient } from '../../src/net/client.js';
import { morePlaces } from '../../src/sources/more-places.js';
import { openSources } from '../../src/sources/open.js';
import { openDirectoryStore } from '../../src/store/directory.js';
import { openTransfers } from '../../src/transfer/transfers.js';
import type { StoredFile } from '../../src/values/gateway.js';
import type { IndexFile, Source, SourceFault } from '../../src/values/source.js';
import type { Transfers } from '../../src/values/transfers.js';
import { tinyWheel } from '../gateway/tiny-wheel.js';
import { brisk, quiet } from '../transfer/setup.js';

/** The project of every scene: a wheel large enough for several segments, and never twice the same. */
export const project = 'numpy';
export const filename = 'numpy-9.0-py3-none-any.whl';
export const makeWheel = (): Buffer => tinyWheel('numpy', '9.0', 'right', randomBytes(3 * 2 ** 20));

/** Sources, transfers and store, put together as the pipeline does it, with short limits. */
export interface House {
  readonly transfers: Transfers;
  /** The wheel as the pages tell of it, once they agree. */
  find(): Promise<IndexFile>;
  /** Brings the wheel into the store. */
  bring(): Promise<StoredFile>;
  faults(): readonly SourceFault[];
  /** Every file in the store. */
  readonly root: string;
  close(): Promise<void>;
}

/** Opens a house whose sources are the indexes of a scene, in their order. */
export async function openHouse({ indexes, environment = {} }: Scene): Promise<House> {
  const root = await mkdtemp(join(tmpdir(), 'faults-'));
  const end = new AbortController();
  const { signal } = end;
  const roster = indexes.map((url, index): Source => {
    const { host } = new URL(url);
    return {
      id: `${index}-${host}`,
      kind: 'python',
      url,
      credentials: null,
      connections: 4,
      group: host,
      origin: 'mirrors',
    };
  });
  const { HTTP_PROXY: proxy = null, SSL_CERT_FILE: ca } = environment;
  const network = {
    httpsProxy: null,
    httpProxy: proxy,
    noProxy: ['127.0.0.1'],
    caFiles: ca === undefined ? [] : [{ path: ca, setting: 'SSL_CERT_FILE' }],
  };
  const client = createClient({ network, version: '0.0.0', log: quiet });
  const sources = openSources({ roster, exclusive: true, client, log: quiet, signal });
  const store = await openDirectoryStore(root);
  const transfers = openTransfers({
    client,
    store,
    log: quiet,
    signal,
    sources: (id) => roster.find((source) => source.id === id),
    more: (file, failed) => morePlaces(sources, file, failed, () => undefined),
    timings: brisk,
  });
  const find = async (): Promise<IndexFile> => {
    for (const look of [sources.confirm, sources.page]) {
      const found = (await look(project)).files.find((file) => file.filename === filename);
      if (found !== undefined) return found;
      await sources.confirmAll();
    }
    const faults = (await sources.page(project)).faults.map(({ source, detail }) => `${source}: ${detail}`);
    throw new Error(faults.join('\n'));
  };
  return {
    root,
    transfers,
    find,
    bring: async () => transfers.get(await find()).done,
    faults: () => [...sources.faults(), ...transfers.faults()],
    async close() {
      await transfers.close();
      end.abort(new Error('the test is over'));
      await client.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}
