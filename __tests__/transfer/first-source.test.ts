import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isGivenUp, weighFirst } from '../../src/transfer/first-source.js';
import { measure } from '../../src/transfer/lanes.js';
import type { Refusal } from '../../src/transfer/refusal.js';
import { type FileRoute, refuse } from '../../src/transfer/routes.js';
import { content, openScene, type Scene } from './setup.js';

/** A route to a host of its own; `rate` in bytes per second of one connection. */
function route(
  first: boolean,
  rate: number | null,
  more: { readonly mine?: number; readonly active?: number } = {},
): FileRoute {
  const { mine = 0, active = mine } = more;
  const lane = {
    host: String(first),
    group: String(first),
    limit: 16,
    first,
    active,
    notBefore: 0,
    left: false,
    rate,
    behind: 1,
  };
  const location = { source: first ? 'bucket' : 'mirror', url: 'http://files.example/x', sha256: null, size: null };
  const state = {
    strikes: 0,
    struckAt: 0,
    failingSince: 0,
    notBefore: 0,
    left: false,
    suspected: false,
    rangeless: false,
    changes: 0,
    otherSize: false,
    refusal: null,
  };
  return { location, lane, mine, ...state };
}

const MB = 1_000_000;

describe('a source that is asked alone', () => {
  const slow = route(true, 0.1 * MB, { mine: 4 });

  test('stays alone while it was not measured, while it is quick enough, and where there is no other', () => {
    expect(weighFirst([route(true, null), route(false, 50 * MB)], 500 * MB)).toBe('alone');
    expect(weighFirst([slow, route(false, 50 * MB)], 3 * MB)).toBe('alone');
    expect(weighFirst([slow], 500 * MB)).toBe('alone');
    expect(weighFirst([route(true, 0.1 * MB), route(false, 50 * MB)], 500 * MB)).toBe('alone');
    expect(weighFirst([slow, { ...route(false, 50 * MB), left: true }], 500 * MB)).toBe('alone');
  });

  test('is joined by others where one of them was seen to be several times as fast', () => {
    expect(weighFirst([slow, route(false, 0.2 * MB), route(false, 0.5 * MB)], 500 * MB)).toBe('join');
    expect(weighFirst([slow, route(false, 0.3 * MB)], 500 * MB)).toBe('alone');
  });

  test('costs another one a single connection where nobody knows how fast that is', () => {
    expect(weighFirst([slow, route(false, null), route(false, null)], 500 * MB)).toBe('try');
    expect(weighFirst([slow, route(false, null, { active: 1 }), route(false, null)], 500 * MB)).toBe('alone');
    expect(weighFirst([slow, route(false, 0.1 * MB), route(false, null)], 500 * MB)).toBe('alone');
  });

  test('is never joined by slower ones', () =>
    fc.assert(
      fc.property(
        fc.nat(1e9),
        fc.integer({ min: 1, max: 1e8 }),
        fc.array(fc.float({ min: 0, max: 1, noNaN: true })),
        (missing, rate, parts) => {
          const others = parts.map((part) => route(false, rate * part));
          expect(weighFirst([route(true, rate, { mine: 4 }), ...others], missing)).toBe('alone');
        },
      ),
    ));

  test('is not taken for slow because it was silent', () => {
    const silent = route(true, null, { mine: 4 });
    measure(silent.lane, 0, 4000, false);
    expect(weighFirst([silent, route(false, null)], 500 * MB)).toBe('alone');
  });

  test('is given up for a long pause that it asks for, and not for any of ours between two tries', () => {
    const refusal = (retryAfterMs: number | null): Refusal => ({
      kind: retryAfterMs === null ? 'refused' : 'status',
      detail: 'answered 503',
      remedy: null,
      retryAfterMs,
    });
    for (let run = 0; run < 50; run += 1) {
      const asked = route(true, null);
      for (let tries = 1; tries <= 7; tries += 1) {
        expect(refuse(asked, refusal(null), 0, false, tries, tries)).toBe(false);
        expect(isGivenUp(asked, refusal(null))).toBe(false);
      }
    }
    expect(isGivenUp(route(true, null), refusal(5_000))).toBe(false);
    expect(isGivenUp(route(true, null), refusal(30_000))).toBe(true);
  });

  test('that is silent to its first reads brings the whole file all the same', async () => {
    let asked = 0;
    const fault = () => {
      asked += 1;
      return asked <= 4 ? ({ kind: 'silence' } as const) : null;
    };
    const bytes = content(4 * MB);
    const scene: Scene = await openScene(bytes, { bucket: { first: true, fault }, mirror: {} });
    try {
      await scene.transfers.get(scene.file).done;
      expect(scene.mirrors['mirror']?.requests).toEqual([]);
    } finally {
      await scene.close();
    }
  });
});
