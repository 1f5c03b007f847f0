import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { content, filename, openScene, type Scene, sha256 } from './setup.js';

const SIZE = 3 * 2 ** 20;
const bytes = content(SIZE);
/** No page told a hash or a length. */
const unknown = { sha256: null, hashOrigin: null, size: null };
let scene: Scene | undefined;
afterEach(async () => {
  await scene?.close();
  scene = undefined;
});

describe('a file without a published hash', () => {
  test('whose ETag depends on the machine that answers comes over one connection, before long', async () => {
    let answers = 0;
    const etag = () => `"${answers++ % 2}"`;
    scene = await openScene(bytes, { balanced: { etag } }, unknown);
    const stored = await scene.transfers.get(scene.file).done;
    expect(stored.sha256).toBe(sha256(bytes));
    expect(scene.mirrors['balanced']?.bytes).toBeLessThan(4 * SIZE);
  });

  test('that is another one whenever it is asked for is given up, and said to be so', async () => {
    let answers = 0;
    scene = await openScene(
      bytes,
      { restless: { etag: () => `"${answers++}"`, fault: () => ({ kind: 'reset', after: 2 ** 20 }) } },
      unknown,
    );
    await expect(scene.transfers.get(scene.file).done).rejects.toMatchObject({
      problems: [{ what: expect.stringMatching(/had another file 6 times while it was downloaded/) }],
    });
  });

  test('whose source answers with parts of it, however it is asked, and never tells its length is refused', async () => {
    const server = createServer((request, response) => {
      const from = Number(/^bytes=(\d+)/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const part = bytes.subarray(from, from + 1000);
      response.writeHead(206, { 'content-range': `bytes ${from}-${from + part.length - 1}/*` }).end(part);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const locations = [{ source: 'parts', url: `http://127.0.0.1:${port}/${filename}`, sha256: null, size: null }];
      scene = await openScene(bytes, {}, { ...unknown, locations });
      await expect(scene.transfers.get(scene.file).done).rejects.toMatchObject({
        problems: [{ what: expect.stringContaining('answers a request for the whole with a part') }],
      });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
