import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { Store } from '../../src/values/store.js';
import { type Behaviour, content, type Scene, sceneOpener, sha256 } from './setup.js';

const size = 2 ** 21;
const unhashed = { sha256: null, hashOrigin: null } as const;

const openScene = sceneOpener();

/** A file of which no page tells the hash, at one index. */
const open = (behaviour: Behaviour = {}): Promise<Scene> => openScene(content(size), { index: behaviour }, unhashed);

/** Body bytes that the index has sent since the last call. */
function counter({ mirrors }: Scene): () => number {
  let before = 0;
  return () => {
    const now = mirrors['index']?.bytes ?? 0;
    const sent = now - before;
    before = now;
    return sent;
  };
}

test.each([
  ['by what its source states of it', {}],
  ['also where its source states nothing', { etag: () => '' }],
])('jobs that begin together download a file without a published hash once, told %s', async (_name, behaviour) => {
  const scene = await open({ bytesPerSecondPerConnection: 1_000_000, ...behaviour });
  const sent = counter(scene);
  const jobs = [scene.transfers, scene.again(), scene.again()];
  const stored = await Promise.all(jobs.map((job) => job.get(scene.file).done));
  expect(new Set(stored.map(({ path }) => path)).size).toBe(1);
  expect(sent()).toBeLessThan(1.2 * size);
});

test('a later run takes it from the store after one question', async () => {
  const scene = await open();
  const sent = counter(scene);
  const first = await scene.transfers.get(scene.file).done;
  sent();
  const later = scene.again();
  expect((await later.get(scene.file).done).path).toBe(first.path);
  expect(sent()).toBe(1);
  expect(later.arrived().size).toBe(0);
});

test('a later run downloads another copy, and one that nothing tells apart', async () => {
  let etag = '"one"';
  const scene = await open({ etag: () => etag });
  const sent = counter(scene);
  for (const next of ['"two"', '']) {
    await scene.again().get(scene.file).done;
    sent();
    etag = next;
    await scene.again().get(scene.file).done;
    expect(sent()).toBeGreaterThanOrEqual(size);
  }
});

test('what another user noted is not believed', async () => {
  const scene = await open();
  const sent = counter(scene);
  await scene.transfers.get(scene.file).done;
  sent();
  const strange: Store = {
    ...scene.store,
    readFact: async (name) => {
      const kept = await scene.store.readFact(name);
      return kept === null ? null : { ...kept, foreign: true };
    },
  };
  await scene.again({}, strange).get(scene.file).done;
  expect(sent()).toBeGreaterThanOrEqual(size);
});

test('a later run asks whether it is the same copy over a connection that its host allows', async () => {
  const waited: (number | undefined)[] = [];
  const behaviour: Behaviour = {
    bytesPerSecondPerConnection: 1_500_000,
    fault: ({ headers }) => {
      waited.push(...(headers.range === 'bytes=0-0' ? [scene.mirrors['index']?.requests.at(-2)?.bytes] : []));
      return null;
    },
  };
  const bytes = content(size);
  const scene = await openScene(bytes, { index: behaviour }, unhashed, 1);
  await scene.transfers.get(scene.file).done;
  // One request a file.
  const later = scene.again({ wholeBelow: 2 ** 30 });
  const other = later.get({ ...scene.file, sha256: sha256(bytes), filename: 'other-1.0-py3-none-any.whl' });
  while (later.fetched()['index'] === undefined) {
    await sleep(10);
  }
  await Promise.all([other.done, later.get(scene.file).done]);
  expect(waited).toEqual([size]);
});

test('a file whose hash could not be noted for later runs is there all the same', async () => {
  const scene = await open();
  const full: Store = { ...scene.store, writeFact: () => Promise.reject(new Error('ENOSPC')) };
  const stored = await scene.again({}, full).get(scene.file).done;
  expect(stored.size).toBe(size);
});
