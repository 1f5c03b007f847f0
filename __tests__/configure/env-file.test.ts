import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { environmentEdit, formatEnvironment } from '../../src/configure/env-file.js';
import { temporaryFolder } from '../install/machine.js';
import { findPythons } from '../packaging/pythons.js';
import { journalIn, undoOf } from './journals.js';

const [python] = findPythons();
const whole = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

/** What `sh` makes of a file of variables, as this interpreter sees it. */
function sourced(file: string, name: string): string {
  const program = `import json, os; print(json.dumps(os.environ[${JSON.stringify(name)}]))`;
  const output = execFileSync('sh', ['-c', 'set -a; . "$1"; exec "$2" -I -c "$3"', 'sh', file, python, program], {
    encoding: 'utf8',
  });
  return JSON.parse(output);
}

const hostile = [
  "it's",
  '"quoted"',
  '$HOME `id` $(id) $'.concat('{X}'),
  'two\nlines\r\n',
  'back\\slash \\n',
  ' leading',
  '# no comment',
  'a=b',
  '漢字',
  '',
];

describe('the environment of later steps as a file', () => {
  test.each(hostile)('sh reads %j back as it was, from both forms', (value) => {
    const folder = temporaryFolder();
    for (const form of ['shell', 'dotenv'] as const) {
      const file = path.join(folder, form);
      writeFileSync(file, whole(formatEnvironment({ variables: { VALUE: value }, path: [] }, form, '')));
      expect(sourced(file, 'VALUE')).toBe(value);
    }
  });

  test('a dotenv reader reads back every value without a single quote', () => {
    const text = fc.string({ unit: fc.constantFrom('a', ' ', '"', '$', '\\', '\n', '#', '=', '`', '{', '}', '/') });
    fc.assert(
      fc.property(text, (value) => {
        const file = formatEnvironment({ variables: { VALUE: value, NEXT: 'x' }, path: [] }, 'dotenv', '');
        expect(parseEnv(whole(file))).toEqual({ VALUE: value, NEXT: 'x' });
      }),
    );
  });

  test('a shell file puts folders in front of the PATH of whoever reads it', () => {
    const file = path.join(temporaryFolder(), 'env.sh');
    writeFileSync(file, whole(formatEnvironment({ variables: {}, path: ["/it's/bin", '/b/bin'] }, 'shell', '/old')));
    expect(sourced(file, 'PATH')).toBe(`/it's/bin:/b/bin:${process.env['PATH']}`);
  });

  test('a dotenv file holds the whole PATH', () => {
    expect(formatEnvironment({ variables: { A: '1' }, path: ['/v/bin'] }, 'dotenv', '/usr/bin:/bin')).toEqual([
      'PATH=/v/bin:/usr/bin:/bin',
      'A=1',
    ]);
    expect(formatEnvironment({ variables: {}, path: ['/v/bin'] }, 'dotenv', '')).toEqual(['PATH=/v/bin']);
  });

  test.each([['A B'], ['A;id'], ['1A'], [''], ['A\nB']])('a variable called %j is refused', (name) => {
    expect(() => formatEnvironment({ variables: { [name]: 'x' }, path: [] }, 'dotenv', '')).toThrow(
      /can't be written to a file/,
    );
  });

  test('the form follows the name of the file, what is in it stays, and only its owner may read a new one', async () => {
    const folder = temporaryFolder();
    const [shell, dotenv] = [path.join(folder, 'env.sh'), path.join(folder, '.env')];
    writeFileSync(dotenv, 'MINE=1\nVIRTUAL_ENV=/old', { mode: 0o644 });
    const journal = journalIn(folder);
    const later = { variables: { VIRTUAL_ENV: '/v' }, path: [] };
    await journal.edit(environmentEdit(shell, later, ''));
    await journal.edit(environmentEdit(dotenv, later, ''));
    expect(readFileSync(shell, 'utf8')).toBe("export VIRTUAL_ENV='/v'\n");
    expect(statSync(shell).mode & 0o777).toBe(0o600);
    expect(readFileSync(dotenv, 'utf8')).toBe('MINE=1\nVIRTUAL_ENV=/old\nVIRTUAL_ENV=/v\n');
    expect(parseEnv(readFileSync(dotenv, 'utf8'))).toEqual({ MINE: '1', VIRTUAL_ENV: '/v' });
    expect(sourced(dotenv, 'VIRTUAL_ENV')).toBe('/v');
    await undoOf(journal);
    expect(readFileSync(dotenv, 'utf8')).toBe('MINE=1\nVIRTUAL_ENV=/old');
    expect(statSync(dotenv).mode & 0o777).toBe(0o644);
  });

  test('lines that others added stay when ours are taken out', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, '.env');
    const journal = journalIn(folder);
    await journal.edit(environmentEdit(file, { variables: { A: 'two\nlines', B: '1' }, path: [] }, ''));
    writeFileSync(file, `B=1\n${readFileSync(file, 'utf8')}THEIRS=1\n`);
    expect(await undoOf(journal)).toMatchObject({ files: [{ path: file, found: 'changed' }] });
    expect(readFileSync(file, 'utf8')).toBe('B=1\nTHEIRS=1\n');
  });
});
