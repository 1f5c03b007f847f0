import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openLanes } from '../../src/transfer/lanes.js';
import { outlasts } from '../../src/transfer/outage.js';
import type { Refusal } from '../../src/transfer/refusal.js';
import { createRoutes, type FileRoute, isAlive, refuse } from '../../src/transfer/routes.js';
import { defaultTimings } from '../../src/transfer/timings.js';
import { type Behaviour, content, openScene, type Scene, sha256 } from './setup.js';

const bytes = content(3 * 2 ** 20);
let scene: Scene | undefined;
afterEach(async () => {
  await scene?.close();
  scene = undefined;
});

/** Two mirrors that fall silent together in the middle of the file, for so long (ms). */
async function interrupted(awayMs: number): Promise<Scene> {
  let handed = 0;
  let backAt = Number.POSITIVE_INFINITY;
  const behaviour: Behaviour = {
    handed: () => {
      handed += 1;
      backAt = handed === 12 ? performance.now() + awayMs : backAt;
    },
    fault: () => (handed >= 12 && performance.now() < backAt ? { kind: 'silence' } : null),
  };
  scene = await openScene(bytes, { a: behaviour, b: behaviour });
  return scene;
}
const limits = { connectMs: 400, headersMs: 400, stallMs: 400 };
const brief = { hurried: limits, patient: limits };

describe('a way out that is gone for a while in the middle of a file', () => {
  test('costs neither the file nor a part of another one that is asked for meanwhile', async () => {
    const { again, file, transfers } = await interrupted(8000);
    const patient = again({ ...brief, outageMs: 60_000 });
    const whole = patient.get(file);
    await sleep(1000);
    const part = patient.slice({ ...file, sha256: null }, 1000, 3000, new AbortController().signal);
    expect((await whole.done).sha256).toBe(sha256(bytes));
    expect((await part).bytes).toEqual(bytes.subarray(1000, 3000));
    expect(transfers.fetched()).toEqual({});
  }, 40_000);

  test('is not waited for without end', async () => {
    const { again, file } = await interrupted(Number.POSITIVE_INFINITY);
    await expect(again({ ...brief, outageMs: 6000 }).get(file).done).rejects.toThrow('could not be had');
  }, 40_000);
});

describe('sources that were all given up are asked again', () => {
  const at = (source: string) => ({ source, url: `https://${source}.example/f`, sha256: null, size: null });
  const refusal = (kind: Refusal['kind']): Refusal => ({ kind, detail: '', remedy: null, retryAfterMs: null });

  /** Two routes, given up one after the other: `since` are the times (ms ago) at which each began to fail. */
  function givenUp(kind: Refusal['kind'], since: readonly number[]): FileRoute[] {
    const locations = ['a', 'b'].map(at);
    const file = { filename: 'f', sha256: null, hashOrigin: null, size: null, requiresPython: null } as const;
    const routes = createRoutes(
      { ...file, yanked: null, uploadTime: null, locations },
      openLanes(() => undefined).lane,
    );
    for (const [index, route] of routes.entries()) {
      const begunMs = performance.now() - (since[index] ?? 0);
      for (let tries = 0; !route.left; tries += 1) {
        refuse(route, refusal(kind), 0, false, begunMs + tries, begunMs + tries);
      }
    }
    return routes;
  }
  const asked = (routes: readonly FileRoute[], byteMsAgo: number | null): string[] => {
    const lastByteAt = () => (byteMsAgo === null ? null : performance.now() - byteMsAgo);
    const still = outlasts(routes, { lastByteAt, tellOutage: () => undefined, timings: defaultTimings });
    const alive = routes.filter(isAlive).map(({ location }) => location.source);
    expect(still).toBe(alive.length > 0);
    return alive;
  };

  test('where bytes came not long ago, and none since they began to fail', () => {
    expect(asked(givenUp('refused', [9000, 8000]), 10_000)).toEqual(['a', 'b']);
    expect(asked(givenUp('timeout', [30_000, 8000]), 10_000)).toEqual(['b']);
  });

  test('and not where bytes came meanwhile, or none came at all, or too long ago', () => {
    expect(asked(givenUp('refused', [9000, 8000]), 1000)).toEqual([]);
    expect(asked(givenUp('refused', [9000, 8000]), null)).toEqual([]);
    expect(asked(givenUp('refused', [59_000, 58_000]), 61_000)).toEqual([]);
  });

  test.each(['missing', 'banned', 'wrong-hash', 'tls', 'status'] as const)('and not after an answer (%s)', (kind) => {
    expect(asked(givenUp(kind, [9000, 8000]), 10_000)).toEqual([]);
  });
});
