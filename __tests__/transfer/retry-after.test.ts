import { afterEach, describe, expect, test } from '@jest/globals';
import type { IndexFile } from '../../src/values/source.js';
import { type Behaviour, content, openScene, type Scene } from './setup.js';

const bytes = content(1000);
let scene: Scene;
afterEach(() => scene.close());

/** The same bytes under other names: as many files as are wished. */
const files = (count: number): IndexFile[] =>
  Array.from({ length: count }, (_, index) => ({ ...scene.file, filename: `thing${index}-1.0-py3-none-any.whl` }));

/** The file, of whatever name, at every mirror of the scene. */
const get = (file: IndexFile) => scene.transfers.get(file).done;

describe('a host that asks for a pause with Retry-After', () => {
  test.each([429, 503])('of an hour (%i) is asked by no other file', async (status) => {
    const fault: Behaviour['fault'] = () => ({ kind: 'status', status, headers: { 'retry-after': '3600' } });
    scene = await openScene(bytes, { busy: { fault }, good: {} });
    for (const file of files(4)) {
      await get(file);
    }
    expect(scene.mirrors['busy']?.requests).toHaveLength(1);
  });

  test('of an hour fails the next file at once where nobody else has it, and is named as the cause', async () => {
    const fault: Behaviour['fault'] = () => ({ kind: 'status', status: 503, headers: { 'retry-after': '3600' } });
    scene = await openScene(bytes, { busy: { fault } });
    const [first, second] = files(2);
    await expect(get(first ?? scene.file)).rejects.toThrow('answered 503');
    await expect(get(second ?? scene.file)).rejects.toThrow('its host asked for a pause');
    expect(scene.mirrors['busy']?.requests).toHaveLength(1);
  });

  test('of seconds gets it from every file', async () => {
    const times: number[] = [];
    const fault: Behaviour['fault'] = () => {
      times.push(performance.now());
      return times.length === 1 ? { kind: 'status', status: 503, headers: { 'retry-after': '2' } } : null;
    };
    scene = await openScene(bytes, { busy: { fault } });
    const [first, ...others] = files(4);
    const done = [get(first ?? scene.file)];
    while (scene.transfers.faults().length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    done.push(...others.map(get));
    await Promise.all(done);
    const [begun = 0, ...later] = times;
    expect(Math.min(...later) - begun).toBeGreaterThan(1900);
  });
});
