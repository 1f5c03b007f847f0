import { afterEach, describe, expect, test } from '@jest/globals';
import { tinyWheel } from '../install/tiny-wheel.js';
import { content, openScene, type Scene } from './setup.js';

let scene: Scene | null = null;
afterEach(() => scene?.close());

const never = new AbortController().signal;
const [wheel = Buffer.alloc(0)] = Object.values(
  tinyWheel({ name: 'thing', version: '1.0', members: { 'thing/data.txt': content(400_000).toString('base64') } }),
);

describe('METADATA of a large wheel', () => {
  test('is read from the network once, however many runs on one store begin together', async () => {
    scene = await openScene(wheel, { mirror: {} });
    const { file, again, transfers, mirrors, store } = scene;
    const alone = await transfers.metadata(file, never);
    const once = mirrors['mirror']?.bytes ?? 0;
    expect(Buffer.from(alone).toString()).toContain('Name: thing');
    expect(once).toBeLessThan(wheel.length / 2);
    const all = await Promise.all(Array.from({ length: 8 }, () => again().metadata(file, never)));
    expect(all.every((text) => Buffer.from(text).equals(alone))).toBe(true);
    expect(mirrors['mirror']?.bytes).toBe(once);
    expect(await store.readMetadata(file.sha256 ?? '')).toBeNull();
  });

  test('is read by each where the one that began is slow', async () => {
    scene = await openScene(wheel, { mirror: {} });
    const { file, transfers, store } = scene;
    const held = await store.partial(`metadata-${file.sha256}`);
    const text = await transfers.metadata(file, never);
    expect(Buffer.from(text).toString()).toContain('Name: thing');
    await held?.discard();
  }, 20_000);

  test('is read by the next one where the first could not read it', async () => {
    scene = await openScene(wheel, { mirror: {} });
    const { file, transfers, again } = scene;
    const lost = { ...file, locations: [] };
    await expect(transfers.metadata(lost, never)).rejects.toThrow();
    expect(Buffer.from(await again().metadata(file, never)).toString()).toContain('Name: thing');
  });
});
