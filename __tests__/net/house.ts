import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from '@jest/globals';
import { createClient } from '../../src/net/client.js';
import { type HttpClient, HttpFault, type HttpRequest } from '../../src/values/http.js';
import type { Network } from '../../src/values/runner.js';
import { keptLog } from '../support/log.js';
import { type MirrorOptions, startMirror } from '../support/mirror.js';

/** What is closed after each test. */
export const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

const direct: Network = { httpsProxy: null, httpProxy: null, noProxy: [], caFiles: [] };

export function client(network: Partial<Network> = {}): HttpClient {
  const made = createClient({ network: { ...direct, ...network }, version: '1.2.3', log: keptLog() });
  open.push(made);
  return made;
}

export async function mirror(options: Partial<MirrorOptions> = {}) {
  const made = await startMirror({
    files: { six: { 'six-1.0.tar.gz': Buffer.from('0123456789'.repeat(10_000)) } },
    ...options,
  });
  open.push(made);
  return made;
}

export async function server(handler: Parameters<typeof createServer>[1]): Promise<string> {
  const made: Server = createServer(handler);
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  open.push({
    async close() {
      made.closeAllConnections();
      await new Promise((resolve) => made.close(resolve));
    },
  });
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
}

export const ask = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  url,
  signal: AbortSignal.timeout(20_000),
  ...more,
});

export async function read(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces);
}

export async function faultOf(work: Promise<unknown>): Promise<HttpFault> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof HttpFault) return error;
  throw new Error(`no fault, but ${String(error)}`);
}
