import { afterEach, describe, expect, test } from '@jest/globals';
import { zip } from '../gateway/tiny-wheel.js';
import { type Behaviour, filename, openScene, type Scene, sha256 } from './setup.js';

const inside = 'Metadata-Version: 2.1\nName: thing\nVersion: 1.0\nRequires-Dist: inside\n';
const beside = inside.replace('inside', 'beside');
const wheel = zip({ 'thing-1.0.dist-info/METADATA': inside, 'thing/data.bin': 'x'.repeat(400_000) });

let scene: Scene;
afterEach(() => scene.close());

/** Reads METADATA where each mirror's page says that it has one, with these hashes. */
async function read(
  behaviours: Readonly<Record<string, Behaviour>>,
  stated: readonly (string | null)[],
): Promise<string> {
  scene = await openScene(wheel, behaviours);
  const locations = scene.file.locations.map((location, index) => {
    const hash = stated[index];
    return hash === undefined ? location : { ...location, metadata: { sha256: hash } };
  });
  const text = await scene.transfers.metadata({ ...scene.file, locations }, new AbortController().signal);
  return Buffer.from(text).toString();
}
const asked = (name: string): string[] =>
  (scene.mirrors[name]?.requests ?? []).map(({ path }) => path.slice(path.lastIndexOf('/') + 1));

describe('METADATA that an index has beside a wheel', () => {
  test('is taken by one request, and nothing of the wheel', async () => {
    expect(await read({ a: { metadata: { [filename]: beside } } }, [sha256(Buffer.from(beside))])).toBe(beside);
    expect(asked('a')).toEqual([`${filename}.metadata`]);
  });

  test('is taken where the page tells no hash of it', async () => {
    expect(await read({ a: { metadata: { [filename]: beside } } }, [null])).toBe(beside);
  });

  test('of another hash than the page says is not believed: the next source is asked', async () => {
    const hash = sha256(Buffer.from(inside));
    const behaviours = { a: { metadata: { [filename]: beside } }, b: { metadata: { [filename]: inside } } };
    expect(await read(behaviours, [hash, hash])).toBe(inside);
    expect([asked('a'), asked('b')]).toEqual([[`${filename}.metadata`], [`${filename}.metadata`]]);
  });

  test.each<[string, Behaviour]>([
    ['missing', {}],
    ['of another hash', { metadata: { [filename]: beside } }],
  ])('%s everywhere: it is read out of the wheel', async (_name, behaviour) => {
    expect(await read({ a: behaviour }, ['0'.repeat(64)])).toBe(inside);
  });

  test('that is a web page in truth is read out of the wheel', async () => {
    expect(await read({ a: { metadata: { [filename]: '<html>Please log in</html>' } } }, [null])).toBe(inside);
  });
});
