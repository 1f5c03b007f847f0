import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { openDirectoryStore } from '../../src/store/directory.js';
import { openTransfers } from '../../src/transfer/transfers.js';
import type { HttpClient } from '../../src/values/http.js';
import { brisk, content, filename, quiet, sha256 } from './setup.js';

/** An HTTP client that sends ranges of `bytes` in pieces that are whole buffers, and keeps them, as a parser keeps what it still reads from. */
function keepingClient(bytes: Buffer, sent: Uint8Array[]): HttpClient {
  async function* body(from: number, to: number): AsyncGenerator<Uint8Array> {
    for (let at = from; at < to; at += 16_384) {
      await Promise.resolve();
      const piece = new Uint8Array(bytes.subarray(at, Math.min(at + 16_384, to)));
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

test('the pieces that a connection hands over stay as they are: the HTTP parser may still read from their memory', async () => {
  const root = await mkdtemp(join(tmpdir(), 'transfer-'));
  const bytes = content(2 ** 20);
  const sent: Uint8Array[] = [];
  const transfers = openTransfers({
    client: keepingClient(bytes, sent),
    store: await openDirectoryStore(root),
    sources: () => undefined,
    log: quiet,
    signal: new AbortController().signal,
    timings: brisk,
  });
  try {
    const stored = await transfers.get({
      filename,
      sha256: sha256(bytes),
      hashOrigin: 'index',
      size: bytes.length,
      requiresPython: null,
      yanked: null,
      uploadTime: null,
      locations: [{ source: 'a', url: 'http://a.invalid/thing.whl', sha256: null, size: null }],
    }).done;
    expect(bytes.equals(await readFile(stored.path))).toBe(true);
    expect(sent.length).toBeGreaterThan(10);
    expect(sent.filter((piece) => piece.byteLength === 0)).toEqual([]);
  } finally {
    await transfers.close();
    await rm(root, { recursive: true, force: true });
  }
});
