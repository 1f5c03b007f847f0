import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LoopbackGateway, openGateway } from '../../src/gateway/server.js';
import { createClient } from '../../src/net/client.js';
import { openDirectoryStore } from '../../src/store/directory.js';
import { openTransfers } from '../../src/transfer/transfers.js';
import type { IndexFile, ProjectPage, SourceFault } from '../../src/values/source.js';
import type { Store } from '../../src/values/store.js';
import type { Transfers } from '../../src/values/transfers.js';
import { type Mirror, type MirrorOptions, startMirror } from '../support/mirror.js';
import { brisk, quiet, sha256 } from '../transfer/setup.js';

export interface House {
  readonly gateway: LoopbackGateway;
  readonly transfers: Transfers;
  readonly store: Store;
  readonly mirrors: readonly Mirror[];
  file(project: string, filename: string): IndexFile;
  close(): Promise<void>;
}

type Files = Readonly<Record<string, Readonly<Record<string, Buffer>>>>;

/** A gateway in front of mirrors that all have `files`. `listed: false`: the pages tell neither hash nor size. */
export async function openHouse(
  files: Files,
  options: {
    readonly name?: string;
    readonly mirrors?: readonly Omit<MirrorOptions, 'files'>[];
    readonly listed?: boolean;
    readonly faults?: Readonly<Record<string, readonly SourceFault[]>>;
    readonly root?: string;
  } = {},
): Promise<House> {
  const root = options.root ?? (await mkdtemp(join(tmpdir(), 'gateway-')));
  const mirrors = await Promise.all((options.mirrors ?? [{}]).map((m) => startMirror({ ...m, files })));
  const network = { httpsProxy: null, httpProxy: null, noProxy: [], caFiles: [] };
  const client = createClient({ network, version: '0.0.0', log: quiet });
  const store = await openDirectoryStore(root);
  const end = new AbortController();
  const transfers = openTransfers({
    client,
    store,
    log: quiet,
    signal: end.signal,
    sources: (id) => ({ url: mirrors[Number(id)]?.index ?? '', connections: 4, credentials: null, group: id }),
    timings: brisk,
  });
  const file = (project: string, filename: string): IndexFile => {
    const bytes = files[project]?.[filename] ?? Buffer.alloc(0);
    const listed = options.listed !== false;
    return {
      filename,
      sha256: listed ? sha256(bytes) : null,
      hashOrigin: listed ? 'index' : null,
      size: listed ? bytes.length : null,
      requiresPython: '>=3.6',
      yanked: null,
      uploadTime: null,
      locations: mirrors.map((mirror, index) => ({
        source: `${index}`,
        url: `${mirror.url}/files/${project}/${filename}`,
        sha256: null,
        size: null,
      })),
    };
  };
  const page = (project: string): Promise<ProjectPage | null> => {
    const faults = options.faults?.[project] ?? [];
    const names = Object.keys(files[project] ?? {});
    const answered = names.length > 0 ? ['0'] : [];
    const found: ProjectPage = { project, files: names.map((name) => file(project, name)), answered, faults };
    return Promise.resolve(names.length > 0 || faults.length > 0 ? found : null);
  };
  const name = options.name ?? 'wheels';
  const gateway = await openGateway({ name, page, transfers, store, log: quiet, signal: end.signal });
  return {
    gateway,
    transfers,
    store,
    mirrors,
    file,
    close: async () => {
      await gateway.close();
      await transfers.close();
      await client.close();
      await Promise.all(mirrors.map((mirror) => mirror.close()));
      if (options.root === undefined) {
        await rm(root, { recursive: true, force: true });
      }
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One request as an installer makes it: to the proxy, with the whole address as its target. Rejects when the connection breaks. */
export function ask(
  gateway: LoopbackGateway,
  target: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<Answer> {
  const proxy = new URL(gateway.proxyUrl);
  const login = `Basic ${Buffer.from(`${proxy.username}:${proxy.password}`).toString('base64')}`;
  const path = target.startsWith('/') ? gateway.origin + target : target;
  return new Promise((resolve, reject) => {
    request(
      {
        host: proxy.hostname,
        port: proxy.port,
        method,
        path,
        agent: false,
        headers: { 'proxy-authorization': login, ...headers },
      },
      (response) => {
        const pieces: Buffer[] = [];
        response
          .on('data', (piece: Buffer) => pieces.push(piece))
          .on('error', reject)
          .on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) }),
          );
      },
    )
      .on('error', reject)
      .on('connect', (response, socket) => {
        socket.destroy();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.alloc(0) });
      })
      .end();
  });
}
