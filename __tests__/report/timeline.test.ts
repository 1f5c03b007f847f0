import { expect, test } from '@jest/globals';
import { startTimeline } from '../../src/report/timeline.js';

test('a timeline tells of each step as it begins and records it when it is over', async () => {
  const begun: string[] = [];
  const timeline = startTimeline((name) => begun.push(name));
  const result = await timeline.step('outer', async () => {
    const inner = await timeline.step('inner', () => Promise.resolve(40));
    return inner + 2;
  });
  expect(result).toBe(42);
  expect(begun).toEqual(['outer', 'inner']);
  expect(timeline.steps().map(({ name, outcome }) => [name, outcome])).toEqual([
    ['inner', 'done'],
    ['outer', 'done'],
  ]);
  const [inner, outer] = timeline.steps();
  if (inner === undefined || outer === undefined) throw new Error('two steps were expected');
  expect(inner.startMs).toBeGreaterThanOrEqual(outer.startMs);
  expect(timeline.elapsed()).toBeGreaterThanOrEqual(outer.startMs + outer.ms);
});

test('a step that fails is recorded as failed, is still the current one, and its error goes on', async () => {
  const timeline = startTimeline(() => undefined);
  await timeline.step('good', () => Promise.resolve());
  expect(timeline.current()).toBe('what follows good');
  const error = new Error('no');
  await expect(timeline.step('bad', () => Promise.reject(error))).rejects.toBe(error);
  expect(timeline.steps().map(({ outcome }) => outcome)).toEqual(['done', 'failed']);
  expect(timeline.current()).toBe('bad');
});

test('between steps, and in an outer one after its inner one, what is under way has a name', async () => {
  const timeline = startTimeline(() => undefined);
  expect(timeline.current()).toBeNull();
  await timeline.step('Install', async () => {
    await timeline.step('Open the environment', () => Promise.resolve());
    expect(timeline.current()).toBe('Install');
    await timeline.step('Look once more', () => Promise.reject(new Error('no'))).catch(() => undefined);
  });
  expect(timeline.current()).toBe('what follows Install');
  const failing = timeline.step('Verify', () => timeline.step('Compute', () => Promise.reject(new Error('no'))));
  await expect(failing).rejects.toThrow('no');
  expect(timeline.current()).toBe('Compute');
});
