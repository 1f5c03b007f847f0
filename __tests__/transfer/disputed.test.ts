import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Failure } from '../../src/values/failure.js';
import { collect, content, type Scene, sceneOpener, sha256 } from './setup.js';

const [good, other, third] = [content(700_000), content(700_000), content(700_000)];
const scene = sceneOpener();

/** Two mirrors of one file: what each sends and the hash that its page states; no index says who is right. */
async function dispute(a: { sends: Buffer; says: Buffer }, b: { sends: Buffer; says: Buffer }): Promise<Scene> {
  const made = await scene(good, { a: { bytes: a.sends }, b: { bytes: b.sends } });
  const says = [sha256(a.says), sha256(b.says)];
  const locations = made.file.locations.map((one, index) => ({ ...one, sha256: says[index] ?? null }));
  return { ...made, file: { ...made.file, sha256: null, hashOrigin: null, size: null, locations } };
}

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const reason: unknown = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (reason instanceof Failure) return reason;
  throw new Error(`no Failure: ${String(reason)}`);
}

describe('sources that state different hashes for one file, with no referee', () => {
  test('the one whose own bytes are not those of its own page is out, and is told', async () => {
    const s = await dispute({ sends: other, says: third }, { sends: good, says: good });
    const transfer = s.transfers.get(s.file);
    expect((await transfer.done).sha256).toBe(sha256(good));
    expect((await collect(transfer.read(0, new AbortController().signal))).equals(good)).toBe(true);
    expect(await transfer.size()).toBe(good.length);
    expect(transfer.faults().map(({ source, kind }) => [source, kind])).toContainEqual(['a', 'wrong-hash']);
  });

  test('both keep to their own pages: the file is refused, both are named, and no reader gets a byte', async () => {
    const s = await dispute({ sends: good, says: good }, { sends: other, says: other });
    const transfer = s.transfers.get(s.file);
    const read: Uint8Array[] = [];
    const reading = (async () => {
      for await (const piece of transfer.read(0, new AbortController().signal)) read.push(piece);
    })();
    const { problems } = await failureOf(transfer.done);
    await failureOf(reading);
    expect(read).toEqual([]);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.what).toContain(`a (sha256 ${sha256(good)}) against b (sha256 ${sha256(other)})`);
    expect(problems[0]?.remedy).toContain('mirrors');
  });

  test('neither keeps to its page: each is named with its own fault, and nothing enters the store', async () => {
    const s = await dispute({ sends: other, says: third }, { sends: third, says: other });
    const { problems } = await failureOf(s.transfers.get(s.file).done);
    expect(problems.map(({ where }) => where.slice(0, 1)).sort()).toEqual(['a', 'b']);
    expect(await readdir(join(s.store.root, 'wheels'))).toEqual([]);
  });
});
