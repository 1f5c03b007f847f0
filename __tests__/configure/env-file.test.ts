import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatEnvironment, writeEnvFile } from '../../src/configure/env-file.js';
import { openJournal, undoJournal } from '../../src/configure/journal.js';
import { temporaryFolder } from '../install/machine.js';
import { findPythons } from '../packaging/pythons.js';

const [python] = findPythons();
const job = { scope: 'job', runner: 'r', run: '1' } as const;

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
      writeFileSync(file, formatEnvironment({ variables: { VALUE: value }, path: [] }, form, ''));
      expect(sourced(file, 'VALUE')).toBe(value);
    }
  });

  test('a dotenv reader reads back every value without a single quote', () => {
    const text = fc.string({ unit: fc.constantFrom('a', ' ', '"', '$', '\\', '\n', '#', '=', '`', '{', '}', '/') });
    fc.assert(
      fc.property(text, (value) => {
        const file = formatEnvironment({ variables: { VALUE: value, NEXT: 'x' }, path: [] }, 'dotenv', '');
        expect(parseEnv(file)).toEqual({ VALUE: value, NEXT: 'x' });
      }),
    );
  });

  test('a shell file puts folders in front of the PATH of whoever reads it', () => {
    const file = path.join(temporaryFolder(), 'env.sh');
    writeFileSync(file, formatEnvironment({ variables: {}, path: ["/it's/bin", '/b/bin'] }, 'shell', '/old'));
    expect(sourced(file, 'PATH')).toBe(`/it's/bin:/b/bin:${process.env['PATH']}`);
  });

  test('a dotenv file holds the whole PATH', () => {
    expect(formatEnvironment({ variables: { A: '1' }, path: ['/v/bin'] }, 'dotenv', '/usr/bin:/bin')).toBe(
      'PATH=/v/bin:/usr/bin:/bin\nA=1\n',
    );
    expect(formatEnvironment({ variables: {}, path: ['/v/bin'] }, 'dotenv', '')).toBe('PATH=/v/bin\n');
  });

  test.each([['A B'], ['A;id'], ['1A'], [''], ['A\nB']])('a variable called %j is refused', (name) => {
    expect(() => formatEnvironment({ variables: { [name]: 'x' }, path: [] }, 'dotenv', '')).toThrow(
      /can't be written to a file/,
    );
  });

  test('the form follows the name of the file, only its owner may read it, and undo takes it away or restores it', async () => {
    const folder = temporaryFolder();
    const [shell, dotenv] = [path.join(folder, 'env.sh'), path.join(folder, '.env')];
    writeFileSync(dotenv, 'MINE=1\n', { mode: 0o644 });
    const journal = openJournal(path.join(folder, 'state'), job);
    const later = { variables: { VIRTUAL_ENV: '/v' }, path: [] };
    await writeEnvFile(shell, later, '', journal);
    await writeEnvFile(dotenv, later, '', journal);
    expect(readFileSync(shell, 'utf8')).toBe("export VIRTUAL_ENV='/v'\n");
    expect(readFileSync(dotenv, 'utf8')).toBe('VIRTUAL_ENV=/v\n');
    expect(statSync(shell).mode & 0o777).toBe(0o600);
    await undoJournal(journal.file);
    expect(readFileSync(dotenv, 'utf8')).toBe('MINE=1\n');
  });

  test('a folder that is not there is the user’s to make', async () => {
    const file = path.join(temporaryFolder(), 'nowhere', 'env');
    const journal = openJournal(temporaryFolder(), job);
    const failed = writeEnvFile(file, { variables: {}, path: [] }, '', journal);
    await expect(failed).rejects.toMatchObject({ exitCode: 2, problems: [{ where: 'environment-file' }] });
  });
});
