import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { content, openScene, type Scene, sha256 } from './setup.js';

// Half of it shrinks, so that encoded and decoded lengths differ.
const wheel = '/thing-1.0-py3-none-any.whl';
const bytes = Buffer.concat([content(300_000), Buffer.alloc(300_000, 'wheel ')]);
const quickBrotli = (plain: Buffer): Buffer =>
  brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
const pack: Record<string, (plain: Buffer) => Buffer> = {
  gzip: gzipSync,
  deflate: deflateSync,
  br: quickBrotli,
};

let scene: Scene;
let server: Server;
afterEach(async () => {
  await scene.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Fetches the file from a server that answers with `body`, whatever is asked for. */
async function bring(encoding: string, body: Buffer, path: string): Promise<Buffer> {
  server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-encoding': encoding });
    response.write(body.subarray(0, body.length / 2));
    response.end(body.subarray(body.length / 2));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scene = await openScene(bytes, {});
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  const locations = [{ source: 'encoding', url, sha256: null, size: null }];
  const stored = await scene.transfers.get({ ...scene.file, locations }).done;
  return readFile(stored.path);
}

describe('a file that comes encoded although nobody asked for it', () => {
  test.each(Object.keys(pack))('is decoded as one stream: %s', async (encoding) => {
    expect(sha256(await bring(encoding, pack[encoding]?.(bytes) ?? bytes, wheel))).toBe(sha256(bytes));
  });

  test.each<[string, string, Buffer, string]>([
    ['of an unknown encoding', 'zebra', bytes, wheel],
    ['that is damaged', 'gzip', bytes, wheel],
    ['that ends early', 'gzip', gzipSync(bytes).subarray(0, 200_000), wheel],
    ['that is gzip itself, where the header is a mistake', 'gzip', bytes, '/thing-1.0.tar.gz'],
  ])('%s is refused, and the source is named', async (_name, encoding, body, path) => {
    await expect(bring(encoding, body, path)).rejects.toMatchObject({
      problems: [{ where: expect.stringContaining('encoding (') }],
    });
  });
});
