import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from '@jest/globals';
import { createClient } from '../../src/net/client.js';
import { openDirectoryStore } from '../../src/store/directory.js';
import type { Timings } from '../../src/transfer/timings.js';
import { openTransfers } from '../../src/transfer/transfers.js';
import type { Log } from '../../src/values/log.js';
import type { IndexFile } from '../../src/values/source.js';
import type { Store } from '../../src/values/store.js';
import type { Transfers } from '../../src/values/transfers.js';
import { type Mirror, type MirrorOptions, startMirror } from '../support/mirror.js';

export const quiet: Log = {
  info: () => undefined,
  warn: () => undefined,
  debug: () => undefined,
  progress: () => undefined,
  mask: () => undefined,
};

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Content that no fault can turn into itself. */
export const content = (size: number): Buffer => randomBytes(size);

/** Small segments and short limits: the behaviour of large files and slow networks, in little time. */
export const brisk: Partial<Timings> = {
  segmentBytes: 2 ** 18,
  wholeBelow: 2 ** 19,
  splitBytes: 2 ** 17,
  hurried: { connectMs: 500, headersMs: 500, stallMs: 500 },
  patient: { connectMs: 1500, headersMs: 1500, stallMs: 1500 },
  tickMs: 100,
  lookMs: 100,
  slowMs: 400,
  outageMs: 0,
};

export const filename = 'thing-1.0-py3-none-any.whl';

/** How one mirror of a scene behaves; `bytes` stands for the right ones; `first`: it is asked alone; `group`: one of its own by default. */
export type Behaviour = Omit<MirrorOptions, 'files'> & {
  readonly bytes?: Buffer;
  readonly first?: boolean;
  readonly group?: string;
};

export interface Scene {
  readonly mirrors: Readonly<Record<string, Mirror>>;
  readonly store: Store;
  readonly transfers: Transfers;
  /** The file as every mirror has it, the mirrors in the order of the scene. */
  readonly file: IndexFile;
  /** Other transfers on the same store, as a second run would open them. */
  again(timings?: Partial<Timings>, store?: Store): Transfers;
  close(): Promise<void>;
}

/** Mirrors that have one file, a store and transfers between them. `changes` to the file as listed: its hash, its size. */
export async function openScene(
  bytes: Buffer,
  behaviours: Readonly<Record<string, Behaviour>>,
  changes: Partial<IndexFile> = {},
  connections = 4,
): Promise<Scene> {
  const root = await mkdtemp(join(tmpdir(), 'transfer-'));
  const mirrors: Record<string, Mirror> = {};
  for (const [id, { bytes: own, first: _, group: __, ...rest }] of Object.entries(behaviours)) {
    mirrors[id] = await startMirror({ ...rest, files: { thing: { [filename]: own ?? bytes } } });
  }
  const client = createClient({
    network: { httpsProxy: null, httpProxy: null, noProxy: [], caFiles: [] },
    version: '0.0.0',
    log: quiet,
  });
  const store = await openDirectoryStore(root);
  const end = new AbortController();
  const opened: Transfers[] = [];
  const again = (timings: Partial<Timings> = {}, used: Store = store): Transfers => {
    const transfers = openTransfers({
      client,
      store: used,
      log: quiet,
      signal: end.signal,
      sources: (id) => ({
        url: mirrors[id]?.index ?? '',
        connections,
        credentials: null,
        group: behaviours[id]?.group ?? id,
        first: behaviours[id]?.first ?? false,
      }),
      timings: { ...brisk, ...timings },
    });
    opened.push(transfers);
    return transfers;
  };
  const file: IndexFile = {
    filename,
    sha256: sha256(bytes),
    hashOrigin: 'index',
    size: bytes.length,
    requiresPython: null,
    yanked: null,
    uploadTime: null,
    locations: Object.entries(mirrors).map(([source, mirror]) => ({
      source,
      url: `${mirror.url}/files/thing/${filename}`,
      sha256: null,
      size: null,
    })),
    ...changes,
  };
  return {
    mirrors,
    store,
    transfers: again(),
    file,
    again,
    close: async () => {
      await Promise.all(opened.map((transfers) => transfers.close()));
      await client.close();
      await Promise.all(Object.values(mirrors).map((mirror) => mirror.close()));
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Everything that a reader gets. */
export async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) {
    all.push(Buffer.from(piece));
  }
  return Buffer.concat(all);
}

/** As `openScene`; what was opened is closed after each test of the file. */
export function sceneOpener(): typeof openScene {
  const opened: Scene[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((scene) => scene.close()));
  });
  return async (...args) => {
    const scene = await openScene(...args);
    opened.push(scene);
    return scene;
  };
}
