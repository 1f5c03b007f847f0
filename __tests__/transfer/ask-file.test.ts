import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createClient } from '../../src/net/client.js';
import { ask, type Reply } from '../../src/transfer/ask.js';
import { asRefusal } from '../../src/transfer/refusal.js';
import { collect, content, filename, quiet } from './setup.js';

const bytes = content(1000);
const client = createClient({
  network: { httpsProxy: null, httpProxy: null, noProxy: [], caFiles: [] },
  version: '0',
  log: quiet,
});
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'links-'));
  await writeFile(join(folder, filename), bytes);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function asked(): Promise<Reply> {
  const limits = { connectMs: 1000, headersMs: 1000, stallMs: 1000 };
  const url = pathToFileURL(join(folder, filename)).href;
  const signal = new AbortController().signal;
  return ask(client, { url, credentials: null, from: 10, to: 20, size: 1000, whole: false, limits, signal });
}

describe('a file in a folder', () => {
  test('brings the bytes that were asked for', async () => {
    expect(await collect((await asked()).body)).toEqual(bytes.subarray(10, 20));
  });

  test('that may be seen and not read is a refusal: another source may have it', async () => {
    const reply = await asked();
    // Root may read whatever its mode says.
    await (process.getuid?.() === 0 ? rm(join(folder, filename)) : chmod(join(folder, filename), 0));
    const error = await collect(reply.body).catch((thrown: unknown) => thrown);
    expect(asRefusal(error)).toMatchObject({
      kind: 'missing',
      detail: expect.stringMatching(/^can't be read \(E(NOENT|ACCES)\)$/),
    });
  });
});
