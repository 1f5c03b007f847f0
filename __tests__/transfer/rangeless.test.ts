import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createBell } from '../../src/transfer/bell.js';
import { isStranded, isUsable } from '../../src/transfer/download-state.js';
import { type FileRoute, isAlive } from '../../src/transfer/routes.js';
import { createSegments } from '../../src/transfer/segments.js';
import { content, filename, openScene, type Scene, sha256 } from './setup.js';

const bytes = content(3 * 2 ** 20);
let scene: Scene | undefined;
afterEach(async () => {
  await scene?.close();
  scene = undefined;
});

const place = fc.record({
  source: fc.constantFrom('a', 'b'),
  first: fc.boolean(),
  rangeless: fc.boolean(),
  suspected: fc.boolean(),
  left: fc.boolean(),
  hostLeft: fc.boolean(),
  rate: fc.option(fc.integer({ min: 1, max: 10_000_000 })),
});

test('a file that has nothing under way always has a source that may serve it, or leaves its copy, while a source is left', () =>
  fc.assert(
    fc.property(
      fc.array(place, { maxLength: 4 }),
      fc.boolean(),
      fc.option(fc.constantFrom('a', 'b', 'gone')),
      fc.boolean(),
      (places, hashed, source, widened) => {
        const routes = places.map(({ source: id, first, hostLeft, rate, suspected, ...route }, index): FileRoute => {
          const host = `http://${index}.example`;
          const location = { source: id, url: `${host}/${filename}`, sha256: null, size: null };
          const lane = {
            host,
            group: host,
            limit: 16,
            first,
            active: 0,
            notBefore: 0,
            left: hostLeft,
            rate,
            behind: 1,
          };
          const still = {
            strikes: 0,
            struckAt: 0,
            failingSince: 0,
            notBefore: 0,
            changes: 0,
            otherSize: false,
            mine: 0,
            refusal: null,
          };
          // Suspicion comes from a hash.
          return { location, lane, ...still, ...route, suspected: suspected && hashed };
        });
        const state = {
          file: {
            filename,
            sha256: hashed ? sha256(bytes) : null,
            hashOrigin: null,
            size: null,
            requiresPython: null,
            yanked: null,
            uploadTime: null,
            locations: [],
          },
          routes,
          bell: createBell(),
          segments: createSegments(500_000_000, 4_000_000, 8_000_000),
          identity: source === null ? null : { source, validator: '"1"' },
          confirmed: true,
          widened,
          sizeFrom: null,
          forgetting: false,
          recalling: null,
          verified: false,
          failure: null,
        };
        const open = routes.some((route) => isAlive(route) && !route.suspected);
        expect(routes.some((route) => isUsable(route, state)) || isStranded(state)).toBe(open);
      },
    ),
  ));

describe('a source that ignores ranges', () => {
  test('and breaks is asked again where the other one may have another file: no hash tells them apart', async () => {
    let breaks = 1;
    const fault = () => {
      breaks -= 1;
      return breaks >= 0 ? ({ kind: 'reset', after: 2 ** 20 } as const) : null;
    };
    const unknown = { sha256: null, hashOrigin: null, size: null };
    scene = await openScene(bytes, { whole: { ranges: false, fault }, other: { bytes: content(2 ** 20) } }, unknown);
    const patient = { connectMs: 30_000, headersMs: 30_000, stallMs: 30_000 };
    const transfers = scene.again({ hurried: patient, slowMs: 30_000 });
    const stored = await transfers.get(scene.file).done;
    expect(transfers.faults().map(({ source, kind }) => [source, kind])).toEqual([['whole', 'reset']]);
    expect(stored.sha256).toBe(sha256(bytes));
    expect(scene.mirrors['other']?.requests).toEqual([]);
  });

  test('and is asked first leaves the rest of a file that was begun to the others', async () => {
    scene = await openScene(bytes, { bucket: { ranges: false, first: true }, mirror: {} });
    const begun = await scene.store.partial(`${sha256(bytes)}-${filename}`);
    await writeFile(begun?.path ?? '', bytes.subarray(0, 2 ** 21 + 1000));
    const pieces = [{ source: 'mirror', from: 0, to: 2 ** 21 + 1000 }];
    begun?.note({ version: 1, size: bytes.length, sha256: sha256(bytes), identity: null, pieces, bootedMs: 0 });
    await begun?.release();
    expect((await scene.transfers.get(scene.file).done).sha256).toBe(sha256(bytes));
    expect(scene.mirrors['mirror']?.bytes).toBeGreaterThan(0);
    // The rest, and what a connection had under way when another one took over half of it: not what had been there.
    expect(scene.mirrors['mirror']?.bytes).toBeLessThan(2 ** 21);
  });

  test('and always breaks at the same place is asked again after pauses: it brings what is there already', async () => {
    scene = await openScene(bytes, { whole: { ranges: false, fault: () => ({ kind: 'reset', after: 2 ** 20 }) } });
    scene.transfers.get(scene.file).done.catch(() => undefined);
    await sleep(3000);
    expect(scene.mirrors['whole']?.requests.length).toBeLessThan(12);
  });
});
