import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { IndexFile } from '../../src/values/source.js';
import { collect, content, filename, openScene, type Scene, sha256 } from './setup.js';

const SIZE = 2_000_000;
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
});

async function open(...args: Parameters<typeof openScene>): Promise<Scene> {
  const scene = await openScene(...args);
  cleanups.push(scene.close);
  return scene;
}

/** A place of the file at a server that answers in its own way. */
async function place(source: string, answer: RequestListener): Promise<IndexFile['locations'][number]> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  const { port } = server.address() as AddressInfo;
  return { source, url: `http://127.0.0.1:${port}/${filename}`, sha256: null, size: null };
}

/** The bytes that end up in the store. */
const brought = async (scene: Scene, file = scene.file): Promise<Buffer> =>
  readFile((await scene.transfers.get(file).done).path);

describe('a file whose length no page states', () => {
  test.each([
    ['small', 100_000],
    ['large', SIZE],
  ])('and that is %s comes from the good mirror where another one has a truncated copy', async (_name, size) => {
    const bytes = content(size);
    const scene = await open(bytes, { bad: { bytes: bytes.subarray(0, size - 1000) }, good: {} }, { size: null });
    expect(bytes.equals(await brought(scene))).toBe(true);
    expect(scene.transfers.faults().map(({ source, kind }) => [source, kind])).toContainEqual(['bad', 'wrong-hash']);
  });

  test('comes from those that agree where most of it came from one that is gone with its own length', async () => {
    const bytes = content(SIZE);
    let answers = 0;
    const fault = () => {
      answers += 1;
      return answers > 2 ? ({ kind: 'status', status: 404 } as const) : null;
    };
    const bad = { bytes: bytes.subarray(0, SIZE - 1000), fault };
    const scene = await open(bytes, { bad, good: {}, fine: {} }, { size: null });
    expect(bytes.equals(await brought(scene))).toBe(true);
  });

  test('comes from the next mirror where the first one tells no length and ends early', async () => {
    const bytes = content(SIZE);
    const early = await place('early', (_request, response) => {
      response.useChunkedEncodingByDefault = false;
      response.writeHead(200, { connection: 'close' });
      response.end(bytes.subarray(0, 400_000));
    });
    const scene = await open(bytes, { good: {} }, { size: null });
    expect(bytes.equals(await brought(scene, { ...scene.file, locations: [early, ...scene.file.locations] }))).toBe(
      true,
    );
  });

  test('is no longer believed to be as long as a mirror said in an earlier run', async () => {
    const bytes = content(SIZE);
    let answers = 0;
    const fault = () => {
      answers += 1;
      return answers > 1 ? ({ kind: 'status', status: 404 } as const) : ({ kind: 'reset', after: 400_000 } as const);
    };
    const bad = { bytes: bytes.subarray(0, SIZE - 1000), ranges: false, fault };
    const scene = await open(bytes, { bad, good: {} }, { size: null });
    const [first, second] = scene.file.locations.map((location) => ({ ...scene.file, locations: [location] }));
    await expect(scene.transfers.get(first ?? scene.file).done).rejects.toThrow();
    const stored = await scene.again().get(second ?? scene.file).done;
    expect(bytes.equals(await readFile(stored.path))).toBe(true);
  });

  test('is read by nobody in part of the one length and in part of the other', async () => {
    const bytes = content(SIZE);
    const scene = await open(bytes, { bad: { bytes: bytes.subarray(0, SIZE - 1000) }, good: {} }, { size: null });
    const transfer = scene.transfers.get(scene.file);
    await expect(collect(transfer.read(0, new AbortController().signal))).rejects.toThrow('sha256');
    await transfer.done;
    expect(bytes.equals(await collect(transfer.read(0, new AbortController().signal)))).toBe(true);
  });

  test('and that says another length with each answer is given up', async () => {
    let length = SIZE;
    const restless = await place('restless', (request, response) => {
      const [from = 0, to = 0] = (request.headers.range ?? '').split(/\D+/).slice(1).map(Number);
      length -= 1000;
      response.writeHead(206, { 'content-range': `bytes ${from}-${to}/${length}` });
      response.end(content(to + 1 - from));
    });
    const scene = await open(content(SIZE), {}, { size: null, locations: [restless] });
    await expect(scene.transfers.get(scene.file).done).rejects.toMatchObject({
      problems: [{ what: expect.stringContaining('bytes, not') }],
    });
  });

  test('nor its hash comes whole from the second place after the first one, with a longer file, is gone', async () => {
    const [long, short] = [content(SIZE), content(SIZE / 2)];
    let answers = 0;
    const fault = () => {
      answers += 1;
      return answers > 2 ? ({ kind: 'status', status: 404 } as const) : ({ kind: 'reset', after: 500_000 } as const);
    };
    const unknown = { sha256: null, hashOrigin: null, size: null };
    const scene = await open(long, { gone: { ranges: false, fault }, here: { bytes: short } }, unknown);
    const stored = await scene.transfers.get(scene.file).done;
    expect([stored.sha256, sha256(await readFile(stored.path))]).toEqual([sha256(short), sha256(short)]);
  });
});
