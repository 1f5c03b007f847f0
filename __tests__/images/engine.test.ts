import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openEngine } from '../../src/images/engine.js';

const image = { registry: 'harbor.example', repository: 'team/a', tag: '1', digest: null };

test('a login of any length and any letters reaches the daemon whole: its base64 is URL-safe and padded', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'engine-'));
  const headers: string[] = [];
  const server = createServer((request, response) => {
    headers.push(String(request.headers['x-registry-auth']));
    response.end('{}');
  });
  const socket = join(folder, 's');
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  try {
    const words = fc.record({ username: fc.string({ minLength: 1 }), password: fc.string({ unit: 'binary' }) });
    await fc.assert(
      fc.asyncProperty(words, async (login) => {
        await openEngine(socket).pull(image, login, () => undefined, new AbortController().signal);
        const header = headers.at(-1) ?? '';
        expect(header).toMatch(/^[\w-]*={0,2}$/);
        expect(header.length % 4).toBe(0);
        const told: unknown = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
        expect(told).toEqual({ ...login, serveraddress: 'harbor.example' });
      }),
    );
  } finally {
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true, force: true });
  }
});
