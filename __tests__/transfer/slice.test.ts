import { afterEach, describe, expect, test } from '@jest/globals';
import { type Behaviour, content, openScene, type Scene } from './setup.js';

const bytes = content(600_000);
let scene: Scene;
afterEach(() => scene.close());

const slice = async (behaviours: Readonly<Record<string, Behaviour>>, times = 1): Promise<Uint8Array[]> => {
  scene = await openScene(bytes, behaviours);
  const got: Uint8Array[] = [];
  for (let time = 0; time < times; time += 1) {
    got.push((await scene.transfers.slice(scene.file, 1000, 3000, new AbortController().signal)).bytes);
  }
  return got;
};
const asked = (name: string): number => scene.mirrors[name]?.requests.length ?? Number.NaN;
const right = bytes.subarray(1000, 3000);

describe('a small part of a file', () => {
  test('comes from the first source alone where that answers soon', async () => {
    scene = await openScene(bytes, { near: {}, other: {} });
    // On a busy machine 300 ms are no time to answer in.
    const transfers = scene.again({ raceMs: 10_000 });
    for (let time = 0; time < 3; time += 1) {
      expect((await transfers.slice(scene.file, 1000, 3000, new AbortController().signal)).bytes).toEqual(right);
    }
    expect([asked('near'), asked('other')]).toEqual([3, 0]);
  });

  test.each<[string, Behaviour]>([
    ['says nothing', { fault: () => ({ kind: 'silence' }) }],
    ['stalls in the middle', { fault: () => ({ kind: 'stall', after: 100 }) }],
    ['takes seconds', { bytesPerSecondPerConnection: 1000, latencyMs: 3000 }],
  ])('does not wait for a first source that %s, and the next one does not even ask it', async (_name, behaviour) => {
    expect(await slice({ late: behaviour, good: {} }, 3)).toEqual([right, right, right]);
    expect([asked('late'), asked('good')]).toEqual([1, 3]);
  });

  test('is not waited for once the run or the one who asks has given up', async () => {
    scene = await openScene(bytes, { good: {} });
    const ended = new Error('the time is up');
    const given = AbortSignal.abort(ended);
    await expect(scene.transfers.slice(scene.file, 0, 10, given)).rejects.toBe(ended);
    await expect(scene.transfers.metadata(scene.file, given)).rejects.toBe(ended);
    const open = new AbortController().signal;
    await scene.transfers.close();
    await expect(scene.transfers.slice(scene.file, 0, 10, open)).rejects.toThrow('the transfers were closed');
    expect(asked('good')).toBe(0);
  });

  test('comes from the slow source where the other one is dead', async () => {
    expect(await slice({ late: { latencyMs: 600 }, dead: { fault: () => ({ kind: 'status', status: 404 }) } })).toEqual(
      [right],
    );
  });

  test('is not waited for when another file has its host given up meanwhile', async () => {
    const fault: Behaviour['fault'] = ({ path }) =>
      path.endsWith('/busy.whl')
        ? { kind: 'status', status: 429, headers: { 'retry-after': '2' } }
        : { kind: 'corrupt', at: 10 };
    scene = await openScene(bytes, { only: { bytesPerSecondPerConnection: 600_000, fault } });
    const whole = scene.transfers.get(scene.file);
    await whole.size();
    const [place] = scene.file.locations;
    const busy = {
      ...scene.file,
      locations: [{ source: 'only', sha256: null, size: null, url: `${place?.url}/../busy.whl` }],
    };
    const part = scene.transfers.slice(busy, 0, 10, new AbortController().signal);
    await Promise.all([
      expect(part).rejects.toThrow('answered 429'),
      expect(whole.done).rejects.toThrow('sent sha256'),
    ]);
  });
});
