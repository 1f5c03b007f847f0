import { afterEach, beforeEach } from '@jest/globals';
import { createClient } from '../../src/net/client.js';
import { openSources } from '../../src/sources/open.js';
import type { HttpClient } from '../../src/values/http.js';
import type { Origin } from '../../src/values/plan.js';
import type { Source } from '../../src/values/source.js';
import { type KeptLog, keptLog } from '../support/log.js';
import { type Mirror, type MirrorOptions, startMirror } from '../support/mirror.js';

let client: HttpClient;
let kept: KeptLog;
/** What is closed after each test. */
export const open: { close(): Promise<unknown> }[] = [];
beforeEach(() => {
  kept = keptLog();
  client = createClient({
    network: { httpsProxy: null, httpProxy: null, noProxy: [], caFiles: [] },
    version: '1',
    log: kept,
  });
  open.push(client);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

export const wheel = Buffer.concat([Buffer.from('PK'), Buffer.alloc(300_000, 1)]);
export const six = { 'six-1.16.0-py2.py3-none-any.whl': wheel };
export const idna = { 'idna-3.0-py3-none-any.whl': wheel };
export const evil = { 'six-99.0-py2.py3-none-any.whl': Buffer.from('PK evil') };
export const cpu: Origin = { kind: 'paddle', channel: 'stable', folder: 'cpu' };
export const python: Origin = { kind: 'python' };

export async function mirror(options: Partial<MirrorOptions> = {}): Promise<Mirror> {
  const made = await startMirror({ files: { six }, ...options });
  open.push(made);
  return made;
}

export async function gone(): Promise<Mirror> {
  const made = await startMirror({ files: {} });
  await made.close();
  return made;
}

export const source = (id: string, where: string, more: Partial<Source> = {}): Source => ({
  id,
  kind: 'python',
  url: where,
  credentials: null,
  connections: 4,
  group: id,
  origin: 'test',
  ...more,
});

export function sources(
  roster: readonly Source[],
  more: { exclusive?: boolean; kept?: unknown; signal?: AbortSignal } = {},
) {
  return openSources({ roster, exclusive: false, client, log: kept, signal: AbortSignal.timeout(50_000), ...more });
}

export const names = (page: { files: readonly { filename: string }[] }) => page.files.map(({ filename }) => filename);

/** What was said so far in this test. */
export const log = (): KeptLog => kept;
