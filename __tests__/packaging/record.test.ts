import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseRecord } from '../../src/packaging/record.js';

const path = fc.stringMatching(/^[^\r\n]+$/).filter((text) => text.length > 0);
const hash = fc.stringMatching(/^[A-Za-z0-9_-]{43}$/);
const quote = (text: string) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

test('a RECORD is read as it was written, whatever its paths hold', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(path, hash, fc.nat()), { selector: ([at]) => at }),
      fc.constantFrom('\n', '\r\n'),
      (rows, end) => {
        const text = rows.map(([at, sum, size]) => `${quote(at)},sha256=${sum},${size}${end}`).join('');
        expect([...parseRecord(text)]).toEqual(rows.map(([at, sha256, size]) => [at, { sha256, size }]));
      },
    ),
  );
});

test('a RECORD has no hash of itself', () => {
  expect(parseRecord('a-1.dist-info/RECORD,,\n').get('a-1.dist-info/RECORD')).toEqual({ sha256: '', size: null });
});
