import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseIni } from '../../src/configure/ini.js';
import { pipFile } from '../../src/configure/pip.js';
import { pipIni } from '../../src/configure/pip-ini.js';
import { temporaryFolder } from '../install/machine.js';
import { findPythons } from '../packaging/pythons.js';
import { journalIn, undoOf } from './journals.js';

const python = findPythons().at(-1) ?? 'python3';
const part = { 'index-url': 'https://ours.invalid/simple/', timeout: '60' };

type Sections = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What Python's own parser, as pip uses it, makes of each text: its sections, or null where it refuses. */
function configparser(texts: readonly string[]): (Sections | null)[] {
  const program = `
import configparser, json, sys
def read(text):
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return {name: {k.replace("_", "-"): v for k, v in parser.items(name)} for name in parser.sections()}
print(json.dumps([read(text) for text in json.load(sys.stdin)]))
`;
  return JSON.parse(execFileSync(python, ['-c', program], { input: JSON.stringify(texts), encoding: 'utf8' }));
}

const pieces = fc.constantFrom(
  '[global]',
  '[install]',
  '[list]',
  'index-url = https://old.invalid/simple',
  'index_url: https://old.invalid/simple',
  'Timeout=5',
  'trusted-host =\n    a.invalid\n    b.invalid',
  'cert = /ca.pem',
  '# index-url = no',
  '; timeout = no',
  '   # indented',
  '',
  '  ',
  '    deeper',
  'oops',
  '= x',
  '[global',
);
const files = fc.array(pieces, { maxLength: 8 }).map((lines) => lines.join('\n'));

describe('pip.conf', () => {
  test('is read as configparser reads it, and refused where it refuses', () => {
    const texts = fc.sample(files, 300);
    const theirs = configparser(texts);
    const ours = texts.map((text): Sections | null => {
      try {
        const { sections, entries } = parseIni(text);
        return Object.fromEntries(
          sections.map(({ name }) => [
            name,
            Object.fromEntries(entries.filter(({ section }) => section === name).map(({ key, value }) => [key, value])),
          ]),
        );
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        return null;
      }
    });
    // Blank lines within a value of several lines mean nothing to pip.
    const flat = (sections: Sections | null) => JSON.stringify(sections)?.replaceAll(/(?:\\n)+/g, '\\n');
    expect(theirs.filter((one) => one !== null).length).toBeGreaterThan(50);
    expect(ours.map(flat)).toEqual(theirs.map(flat));
  });

  test('is merged key by key: pip reads ours, and of everything else what it read before', () => {
    const texts = fc.sample(files, 300);
    const before = configparser(texts);
    const good = texts.filter((_, at) => before[at] !== null);
    const after = configparser(good.map((text) => pipIni.put(text, part)));
    for (const [at, old] of before.filter((one) => one !== null).entries()) {
      const install = { ...old['install'] };
      for (const key of Object.keys(part)) if (key in install) install[key] = part[key as keyof typeof part];
      const wanted = { ...old, ...('install' in old ? { install } : {}), global: { ...old['global'], ...part } };
      expect([good[at], after[at]]).toEqual([good[at], wanted]);
    }
  });

  test('loses nothing but ours when it is taken out again after somebody wrote to it', () => {
    const texts = fc.sample(files, 300).filter((text) => text.trim() !== '');
    const all = configparser(texts);
    const good = texts.filter((_, at) => all[at] !== null);
    const read = all.filter((one) => one !== null);
    const taken = good.map((text) => pipIni.take(`# theirs\n${pipIni.put(text, part)}`, part, text) ?? '');
    for (const [at, back] of configparser(taken).entries()) expect([good[at], back]).toEqual([good[at], read[at]]);
  });

  test('keeps comments, blanks, order, spelling and line ends', () => {
    const text =
      '\uFEFF# mine\r\n[global]\r\nIndex_URL : https://old.invalid\r\n\r\ncert = /ca.pem\r\n[list]\r\nformat=json';
    expect(pipIni.put(text, part)).toBe(
      '\uFEFF# mine\r\n[global]\r\nIndex_URL : https://ours.invalid/simple/\r\n\r\ncert = /ca.pem\r\ntimeout = 60\r\n[list]\r\nformat=json',
    );
  });

  test('is made where there is none, and goes with its last line', () => {
    const made = pipIni.put(null, part);
    expect(made).toBe('[global]\nindex-url = https://ours.invalid/simple/\ntimeout = 60\n');
    expect(pipIni.take(`\n${made}`, part, null)).toBeNull();
    expect(pipIni.take(made.replace('60', '90'), part, null)).toBe('[global]\ntimeout = 90\n');
    expect(pipIni.take(`[list]\nformat = json\n\n${made}`, part, null)).toBe('[list]\nformat = json\n');
  });

  test.each([
    ['[global]\nindex-url = a\nindex-url = b', 'line 3 has the option index-url a second time'],
    ['[global]\n[global]', 'line 2 has the section [global] a second time'],
    ['index-url = a', 'line 1 stands before any section'],
    ['[global]\nnothing', 'line 2 is neither a section, an option nor a comment'],
  ])('%j is refused', (text, why) => {
    expect(() => pipIni.put(text, part)).toThrow(why);
  });
});

const posix = { XDG_CONFIG_HOME: '' };
test.each([
  ['user', 'linux', {}, '/home/u/.config/pip/pip.conf'],
  ['user', 'linux', { XDG_CONFIG_HOME: '/x' }, '/x/pip/pip.conf'],
  ['user', 'linux', posix, '/home/u/.config/pip/pip.conf'],
  ['system', 'linux', {}, '/etc/pip.conf'],
  ['user', 'darwin', {}, '/home/u/.config/pip/pip.conf'],
  ['system', 'darwin', {}, '/Library/Application Support/pip/pip.conf'],
  ['user', 'win32', { APPDATA: 'C:\\A' }, 'C:\\A\\pip\\pip.ini'],
  ['system', 'win32', { ALLUSERSPROFILE: 'D:\\P' }, 'D:\\P\\pip\\pip.ini'],
  ['system', 'win32', {}, 'C:\\ProgramData\\pip\\pip.ini'],
] as const)('%s configuration on %s (%j) is %s', (level, os, environment, file) => {
  expect(pipFile(level, os, environment, '/home/u', () => false)).toBe(file);
});

test('on macOS the folder decides where it is there', () => {
  const support = '/Users/u/Library/Application Support/pip';
  expect(pipFile('user', 'darwin', {}, '/Users/u', (folder) => folder === support)).toBe(`${support}/pip.conf`);
});

if (process.platform === 'linux') {
  test('real pip takes the user’s file at its place, and after undo the one from before', async () => {
    const home = temporaryFolder();
    const environment = { HOME: home, PATH: process.env['PATH'] ?? '' };
    const file = pipFile('user', 'linux', environment, home, () => false);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, '[global]\nindex-url = https://old.invalid/simple\ncert = /ca.pem\n');
    const pip = (...args: string[]) =>
      execFileSync(python, ['-m', 'pip', 'config', ...args], { encoding: 'utf8', env: environment });
    const journal = journalIn(home);
    await journal.edit({ path: file, editor: 'pip-ini', part, mode: 0o600, wish: 'pip-config' });
    expect(pip('debug')).toContain(`${file}, exists: True`);
    expect(pip('list').trim().split('\n')).toEqual([
      "global.cert='/ca.pem'",
      "global.index-url='https://ours.invalid/simple/'",
      "global.timeout='60'",
    ]);
    await undoOf(journal);
    expect(readFileSync(file, 'utf8')).toBe('[global]\nindex-url = https://old.invalid/simple\ncert = /ca.pem\n');
    expect(pip('list')).toContain("global.index-url='https://old.invalid/simple'");
  });
}
