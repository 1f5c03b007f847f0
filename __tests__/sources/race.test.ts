import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { gather, isFault, race } from '../../src/sources/race.js';
import type { SourceFault } from '../../src/values/source.js';
import { createTurnstile } from '../../src/values/turnstile.js';

const never = new AbortController().signal;
const fault = (source: string): SourceFault => ({ source, url: '', kind: 'missing', detail: '', remedy: null });
const until = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

describe('a race', () => {
  test('is won by the first good answer, and the others are aborted', async () => {
    let aborted = false;
    const entrants = [
      { gapMs: 0, run: (signal: AbortSignal) => until(signal).finally(() => (aborted = true)) },
      { gapMs: 10, run: () => Promise.resolve('second') },
      { gapMs: 10_000, run: () => Promise.reject(new Error('was never to start')) },
    ];
    expect(await race<string>(entrants, () => false, never)).toEqual({ won: 'second', faults: [] });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(aborted).toBe(true);
  });

  test('starts the next at once when everything before it has failed, whatever its gap', async () => {
    const entrants = ['one', 'two'].map((id) => ({ gapMs: 60_000, run: () => Promise.resolve(fault(id)) }));
    expect(
      await race<string>([...entrants, { gapMs: 60_000, run: () => Promise.resolve('third') }], () => false, never),
    ).toEqual({
      won: 'third',
      faults: [fault('one'), fault('two')],
    });
  });

  test('ends without a winner when the faults are enough, or nobody is left', async () => {
    const entrants = ['one', 'two', 'three'].map((id) => ({ gapMs: 60_000, run: () => Promise.resolve(fault(id)) }));
    expect((await race(entrants, (faults) => faults.length === 2, never)).faults).toHaveLength(2);
    expect((await race(entrants, () => false, never)).faults).toHaveLength(3);
    expect(await race([], () => false, never)).toEqual({ won: null, faults: [] });
  });

  test('gives the reason of the signal', async () => {
    const controller = new AbortController();
    const reason = new Error('deadline');
    const running = race([{ gapMs: 0, run: until }], () => false, controller.signal);
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
  });
});

describe('a gathering', () => {
  test('waits for the others a while after the first good answer, and aborts who is silent then', async () => {
    const runs = [
      until,
      () => Promise.resolve(fault('two')),
      () => Promise.resolve('third'),
      () => new Promise<string>((resolve) => setTimeout(resolve, 50, 'fourth')),
    ];
    expect(await gather<string>(runs, 2000, never)).toEqual([null, fault('two'), 'third', 'fourth']);
  });

  test('waits for everybody while there are only faults', async () => {
    const runs = [
      () => Promise.resolve(fault('one')),
      () => new Promise<string>((resolve) => setTimeout(resolve, 100, 'two')),
    ];
    expect(await gather<string>(runs, 0, never)).toEqual([fault('one'), 'two']);
  });

  test('gives the reason of the signal, and a defect as it is', async () => {
    const controller = new AbortController();
    const reason = new Error('deadline');
    const running = gather([until], 0, controller.signal);
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    await expect(gather([() => Promise.reject(reason)], 0, never)).rejects.toBe(reason);
  });
});

test('a fault is told apart from a page', () => {
  expect([isFault(fault('one')), isFault({ files: [], source: {} }), isFault(null)]).toEqual([true, false, false]);
});

test('a turnstile never lets more than the limit of one key run, and lets everybody through in turn', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ key: fc.constantFrom('a', 'b'), fails: fc.boolean() }), { maxLength: 30 }),
      fc.integer({ min: 1, max: 4 }),
      async (works, most) => {
        const enter = createTurnstile();
        const inside = new Map<string, number>();
        const order: number[] = [];
        const results = await Promise.allSettled(
          works.map(({ key, fails }, index) =>
            enter(key, most, async () => {
              const count = (inside.get(key) ?? 0) + 1;
              inside.set(key, count);
              expect(count).toBeLessThanOrEqual(most);
              order.push(index);
              await new Promise((resolve) => setImmediate(resolve));
              inside.set(key, (inside.get(key) ?? 0) - 1);
              if (fails) throw new Error('failed');
            }),
          ),
        );
        expect(results.map(({ status }) => status === 'rejected')).toEqual(works.map(({ fails }) => fails));
        for (const key of ['a', 'b']) {
          const own = order.filter((index) => works[index]?.key === key);
          expect(own).toEqual([...own].sort((x, y) => x - y));
        }
      },
    ),
    { numRuns: 50 },
  );
});
