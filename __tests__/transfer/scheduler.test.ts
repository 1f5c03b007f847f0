import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { choose, type Route, type Want } from '../../src/transfer/scheduler.js';

const route = (changes: Partial<Route> = {}): Route => ({
  ready: true,
  active: 0,
  limit: 4,
  rate: null,
  behind: 1,
  mine: 0,
  ...changes,
});
const want = (changes: Partial<Want> = {}): Want => ({
  missing: 100,
  connections: 0,
  most: 16,
  routes: [route()],
  ...changes,
});

describe('who gets the next connection', () => {
  test('the smallest file without one comes first, however large another one is', () => {
    expect(choose([want({ missing: 1e9, connections: 3 }), want({ missing: 50 }), want({ missing: 20 })])?.want).toBe(
      2,
    );
  });

  test('spare ones go to the file with most bytes for each connection', () => {
    expect(choose([want({ missing: 1000, connections: 1 }), want({ missing: 5000, connections: 10 })])?.want).toBe(0);
  });

  test('nobody, when every host is full, waiting or left', () => {
    expect(choose([want({ routes: [route({ active: 4 }), route({ ready: false })] }), want({ most: 0 })])).toBeNull();
  });

  test('the first source comes first; the second gets its share once the first is busy', () => {
    expect(choose([want({ routes: [route(), route()] })])?.route).toBe(0);
    expect(choose([want({ connections: 1, routes: [route({ mine: 1, active: 1 }), route()] })])?.route).toBe(1);
  });

  test('a source known to be slow gets few connections', () => {
    // Three files have a connection to the first one, which nobody knows yet.
    expect(choose([want({ routes: [route({ active: 3 }), route({ active: 1 }), route({ active: 2 })] })])?.route).toBe(
      1,
    );
    expect(choose([want({ routes: [route({ active: 1 }), route({ rate: 1_000_000 })] })])?.route).toBe(1);
    const routes = [route({ rate: 10_000 }), route({ rate: 1_000_000, mine: 3, active: 3 })];
    expect(choose([want({ connections: 3, routes })])?.route).toBe(1);
  });

  test('a source that is far slower than another one waits until that one can not be asked', () => {
    const slow = route({ rate: 20_000 });
    const fast = route({ rate: 1_000_000, mine: 4, active: 4 });
    expect(choose([want({ connections: 4, routes: [slow, fast] })])).toBeNull();
    expect(choose([want({ connections: 4, routes: [slow, { ...fast, ready: false }] })])?.route).toBe(0);
    // Many connections at a tenth of the rate are worth as much as a few fast ones.
    expect(choose([want({ connections: 4, routes: [route({ rate: 100_000, limit: 16 }), fast] })])?.route).toBe(0);
  });

  test('a source that brought nothing so far is asked again where there is no other one', () => {
    expect(choose([want({ routes: [route({ rate: 0 })] })])?.route).toBe(0);
    expect(choose([want({ routes: [route({ rate: 0 }), route({ rate: 1_000 })] })])?.route).toBe(1);
  });

  test('one that was far behind another one with a small request waits for it too, until it is measured', () => {
    const behind = route({ behind: 20 });
    expect(choose([want({ routes: [behind, route({ active: 4 })] })])).toBeNull();
    expect(choose([want({ routes: [behind, route({ ready: false })] })])?.route).toBe(0);
    expect(choose([want({ routes: [{ ...behind, rate: 1_000_000 }, route({ active: 4 })] })])?.route).toBe(0);
  });

  test('never a connection past a limit', () => {
    const anyRoute = fc.record({
      ready: fc.boolean(),
      active: fc.nat(6),
      limit: fc.integer({ min: 1, max: 4 }),
      rate: fc.option(fc.integer({ min: 0, max: 1e9 })),
      behind: fc.constantFrom(1, 2, 50),
      mine: fc.nat(4),
    });
    const anyWant = fc.record({
      missing: fc.nat(1e9),
      connections: fc.nat(20),
      most: fc.nat(16),
      routes: fc.array(anyRoute, { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(anyWant, { maxLength: 5 }), (wants) => {
        const chosen = choose(wants);
        const slower = (r: Route, others: readonly Route[]) =>
          others.some((o) =>
            r.rate === null
              ? o.ready && r.behind === 50 && o.behind < 50
              : o.ready && (o.rate ?? 0) * o.limit > 10 * r.rate * r.limit,
          );
        const possible = wants.some(
          (w) => w.connections < w.most && w.routes.some((r) => r.ready && r.active < r.limit && !slower(r, w.routes)),
        );
        expect(chosen !== null).toBe(possible);
        const picked = chosen === null ? undefined : wants[chosen.want];
        const way = chosen === null ? undefined : picked?.routes[chosen.route];
        if (picked !== undefined && way !== undefined) {
          expect(way.ready && way.active < way.limit && picked.connections < picked.most).toBe(true);
        }
      }),
    );
  });
});
