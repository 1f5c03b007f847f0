import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Refused } from '../../src/transfer/refusal.js';
import { readZipEntry } from '../../src/transfer/zip.js';
import { tinyWheel, zip } from '../gateway/tiny-wheel.js';
import { findPythons } from '../packaging/pythons.js';

const isMetadata = (name: string): boolean => name.endsWith('.dist-info/METADATA');

/** Reads an entry and counts the bytes that were asked for. */
async function readCounted(
  archive: Buffer,
  wanted = isMetadata,
): Promise<{ text: string; asked: number; reads: number }> {
  let asked = 0;
  let reads = 0;
  const bytes = await readZipEntry(
    archive.length,
    (from, to) => {
      asked += to - from;
      reads += 1;
      return Promise.resolve(archive.subarray(from, to));
    },
    wanted,
  );
  return { text: Buffer.from(bytes).toString(), asked, reads };
}

describe('METADATA', () => {
  test('is read from the end of a wheel alone', async () => {
    const wheel = tinyWheel('thing', '1.0', 'x', randomBytes(2_000_000));
    const { text, asked } = await readCounted(wheel);
    expect(text).toBe('Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n');
    expect(asked).toBeLessThanOrEqual(2 ** 17);
  });

  test('of a wheel that lists thousands of files comes in one read, and one far from the end in two', async () => {
    const many = Object.fromEntries(Array.from({ length: 2000 }, (_, at) => [`paddle/include/${at}.h`, '']));
    const text = 'Name: thing\n';
    const end = zip({ 'big.bin': randomBytes(40_000_000), ...many, 'thing-1.0.dist-info/METADATA': text });
    expect(await readCounted(end)).toMatchObject({ text, reads: 1 });
    const far = zip({ 'thing-1.0.dist-info/METADATA': text, 'big.bin': randomBytes(3_000_000) });
    expect(await readCounted(far)).toMatchObject({ text, reads: 2 });
  });

  test('is read from archives that Python makes, ZIP64 ones too', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'zip-'));
    const program = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as z:
    for i in range(70000):
        z.writestr('m/%d.py' % i, '')
    with z.open('thing-1.0.dist-info/METADATA', 'w', force_zip64=True) as f:
        f.write(b'Name: thing\\n' * 3)
`;
    try {
      const path = join(folder, 'big.zip');
      execFileSync(findPythons()[0], ['-c', program, path], { timeout: 60_000 });
      expect((await readCounted(await readFile(path))).text).toBe('Name: thing\n'.repeat(3));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('that would unpack to more than it says is refused', async () => {
    const archive = zip({ 'thing-1.0.dist-info/METADATA': 'x'.repeat(100_000) });
    const directory = archive.indexOf(Buffer.from('PK\x01\x02'));
    archive.writeUInt32LE(10, directory + 24);
    await expect(readCounted(archive)).rejects.toBeInstanceOf(Refused);
  });

  test('that claims to be larger than any METADATA is refused before it is fetched', async () => {
    const archive = zip({ 'thing-1.0.dist-info/METADATA': 'x' });
    archive.writeUInt32LE(2 ** 31, archive.indexOf(Buffer.from('PK\x01\x02')) + 20);
    await expect(readCounted(archive)).rejects.toThrow('in a way that no wheel does');
  });

  test('is missing in an archive that has none', async () => {
    await expect(readCounted(zip({ 'a.txt': 'a' }))).rejects.toThrow('lacks the file');
  });
});

describe('an archive', () => {
  test('gives back every file that was put in', async () => {
    const names = fc.stringMatching(/^[a-z]{1,8}$/);
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(names, fc.string({ maxLength: 300 }), { minKeys: 1, maxKeys: 5 }),
        async (files) => {
          const archive = zip(files);
          for (const [name, text] of Object.entries(files)) {
            expect((await readCounted(archive, (n) => n === name)).text).toBe(Buffer.from(text).toString());
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  test('that is damaged anywhere is refused or right, never a crash and never wrong text', async () => {
    const text = 'Name: thing\nVersion: 1.0\n';
    const archive = zip({ 'other.txt': 'other', 'thing-1.0.dist-info/METADATA': text });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(archive.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.nat(archive.length),
        async (at, flip, cut) => {
          const bad = Buffer.from(archive.subarray(0, cut > archive.length / 2 ? archive.length : cut));
          if (at < bad.length) {
            bad[at] = (bad[at] ?? 0) ^ flip;
          }
          const outcome = await readCounted(bad).catch((error: unknown) => error);
          if (!(outcome instanceof Refused)) {
            expect(outcome).toMatchObject({ text });
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
