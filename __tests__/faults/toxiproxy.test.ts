import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { leaveOut } from '../support/left-out.js';
import { type Mirror, startMirror } from '../support/mirror.js';
import { sha256 } from '../transfer/setup.js';
import { filename, type House, makeWheel, openHouse, project } from './house.js';

/** Version of toxiproxy, an independent witness for faults that our own servers also make; null where it is not installed. */
function version(): string | null {
  try {
    return execFileSync('toxiproxy-server', ['--version'], { encoding: 'utf8' }).trim();
  } catch (error) {
    leaveOut('toxiproxy-server on PATH', error);
    return null;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const wheel = makeWheel();
const toxics: readonly { readonly type: string; readonly attributes: Readonly<Record<string, number>> }[] = [
  { type: 'latency', attributes: { latency: 400, jitter: 100 } },
  { type: 'bandwidth', attributes: { rate: 8 } },
  { type: 'limit_data', attributes: { bytes: 2 ** 20 } },
  { type: 'reset_peer', attributes: { timeout: 30 } },
  { type: 'slicer', attributes: { average_size: 700, size_variation: 300, delay: 50 } },
  { type: 'timeout', attributes: { timeout: 0 } },
];

(version() === null ? describe.skip : describe)('behind toxiproxy, with a good source as the second', () => {
  let witness: ChildProcess;
  let api: string;
  let mirror: Mirror;
  let house: House | null = null;

  async function call(path: string, body: unknown): Promise<void> {
    const answer = await fetch(api + path, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`toxiproxy answered ${answer.status}: ${await answer.text()}`);
  }

  beforeAll(async () => {
    const port = await freePort();
    api = `http://127.0.0.1:${port}`;
    witness = spawn('toxiproxy-server', ['-host', '127.0.0.1', '-port', String(port)], { stdio: 'ignore' });
    mirror = await startMirror({ files: { [project]: { [filename]: wheel } } });
    for (let up = false; !up; ) {
      up = await fetch(`${api}/version`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (!up) await sleep(50);
    }
  }, 15_000);

  afterEach(async () => {
    await house?.close();
    house = null;
  });

  afterAll(async () => {
    witness.kill();
    await mirror.close();
  });

  test.each(toxics)(
    '$type: the right bytes come',
    async ({ type, attributes }) => {
      const listen = `127.0.0.1:${await freePort()}`;
      await call('/proxies', { name: type, listen, upstream: new URL(mirror.url).host });
      await call(`/proxies/${type}/toxics`, { type, attributes, stream: 'downstream' });
      house = await openHouse({ indexes: [`http://${listen}/simple/`, mirror.index] });
      expect((await house.bring()).sha256).toBe(sha256(wheel));
    },
    30_000,
  );

  test('a proxy that is switched off in the middle of the file is left, what came through it is kept', async () => {
    const listen = `127.0.0.1:${await freePort()}`;
    await call('/proxies', { name: 'dying', listen, upstream: new URL(mirror.url).host });
    await call('/proxies/dying/toxics', { type: 'bandwidth', attributes: { rate: 500 }, stream: 'downstream' });
    const slow = await startMirror({
      files: { [project]: { [filename]: wheel } },
      bytesPerSecondPerConnection: 400_000,
    });
    try {
      house = await openHouse({ indexes: [`http://${listen}/simple/`, slow.index] });
      const bringing = house.bring();
      const fromFirst = (): number => house?.transfers.fetched()[`0-${listen}`] ?? 0;
      for (let waits = 0; fromFirst() < 100_000 && waits < 250; waits += 1) await sleep(20);
      await call('/proxies/dying', { enabled: false });
      expect((await bringing).sha256).toBe(sha256(wheel));
    } finally {
      await slow.close();
    }
    expect(Object.keys(house.transfers.fetched())).toHaveLength(2);
  }, 30_000);
});
