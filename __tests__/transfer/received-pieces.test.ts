import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { createClient } from '../../src/net/client.js';
import { openDirectoryStore } from '../../src/store/directory.js';
import { openTransfers } from '../../src/transfer/transfers.js';
import type { HttpClient } from '../../src/values/http.js';
import { makeAuthority } from '../support/certificates.js';
import { startMirror } from '../support/mirror.js';
import { brisk, content, filename, quiet, sha256 } from './setup.js';

const PIECE = 16_384;
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
});

/** An HTTP client that sends ranges of `bytes` in pieces cut by `cut`, and keeps them. */
function keepingClient(bytes: Buffer, sent: Uint8Array[], cut: (from: number, to: number) => Uint8Array): HttpClient {
  async function* body(from: number, to: number): AsyncGenerator<Uint8Array> {
    for (let at = from; at < to; at += PIECE) {
      await Promise.resolve();
      const piece = cut(at, Math.min(at + PIECE, to));
      sent.push(piece);
      yield piece;
    }
  }
  return {
    request: ({ url, headers }) => {
      const [, from = '0', to = String(bytes.length - 1)] = /^bytes=(\d+)-(\d+)/.exec(headers?.['range'] ?? '') ?? [];
      return Promise.resolve({
        status: 206,
        headers: { 'content-range': `bytes ${from}-${to}/${bytes.length}` },
        url,
        body: body(Number(from), Number(to) + 1),
        text: () => Promise.reject(new Error('a file is no text')),
        cancel: () => undefined,
      });
    },
    close: () => Promise.resolve(),
  };
}

/** Transfers a file of these bytes from `url` and gives what lies in the store then. */
async function bring(client: HttpClient, bytes: Buffer, url: string): Promise<Buffer> {
  const root = await mkdtemp(join(tmpdir(), 'transfer-'));
  cleanups.push(() => rm(root, { recursive: true, force: true }));
  const transfers = openTransfers({
    client,
    store: await openDirectoryStore(root),
    sources: () => undefined,
    log: quiet,
    signal: AbortSignal.timeout(60_000),
    timings: { ...brisk, patient: { connectMs: 9000, headersMs: 9000, stallMs: 9000 } },
  });
  cleanups.push(() => transfers.close());
  const stored = await transfers.get({
    filename,
    sha256: sha256(bytes),
    hashOrigin: 'index',
    size: bytes.length,
    requiresPython: null,
    yanked: null,
    uploadTime: null,
    locations: [{ source: 'a', url, sha256: null, size: null }],
  }).done;
  return readFile(stored.path);
}

test('a piece that is a whole buffer gives its memory back as soon as it is on the disk', async () => {
  const bytes = content(2 ** 20);
  const sent: Uint8Array[] = [];
  const client = keepingClient(bytes, sent, (from, to) => new Uint8Array(bytes.subarray(from, to)));
  expect(bytes.equals(await bring(client, bytes, 'http://a.invalid/thing.whl'))).toBe(true);
  expect(sent.length).toBeGreaterThan(10);
  expect(sent.filter((piece) => piece.buffer.byteLength > 0)).toEqual([]);
});

test('a piece that shares its buffer with others leaves the buffer alone: somebody may still read from it', async () => {
  const bytes = content(2 ** 20);
  const whole = new Uint8Array(bytes);
  const sent: Uint8Array[] = [];
  const client = keepingClient(bytes, sent, (from, to) => whole.subarray(from, to));
  expect(bytes.equals(await bring(client, bytes, 'http://a.invalid/thing.whl'))).toBe(true);
  expect(sent.length).toBeGreaterThan(10);
  expect(whole.byteLength).toBe(bytes.length);
});

test('over TLS, where the parser pauses and goes on all the time, no byte is lost to it', async () => {
  const bytes = content(24 * 2 ** 20);
  const authority = await makeAuthority();
  cleanups.push(() => authority.remove());
  const tls = await authority.issue('127.0.0.1');
  const mirror = await startMirror({ files: { thing: { [filename]: bytes } }, tls });
  cleanups.push(() => mirror.close());
  const caFiles = [{ path: authority.caFile, setting: 'SSL_CERT_FILE' }];
  const client = createClient({
    network: { httpsProxy: null, httpProxy: null, noProxy: [], caFiles },
    version: '0',
    log: quiet,
  });
  cleanups.push(() => client.close());
  expect(bytes.equals(await bring(client, bytes, `${mirror.url}/files/thing/${filename}`))).toBe(true);
  expect(mirror.bytes).toBeLessThan(bytes.length * 1.2);
});
