import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readFileCommands, readSpoken } from './workflow-commands.js';

describe('workflow commands in a log', () => {
  test('annotations keep their level, properties and line ends', () => {
    const { annotations } = readSpoken(
      '::error file=a%2Cb.txt,line=3,title=x%3Ay::one%0Atwo 100%25\n::warning::w: ::x\nplain',
    );
    expect(annotations).toEqual([
      { level: 'error', message: 'one\ntwo 100%', properties: { file: 'a,b.txt', line: '3', title: 'x:y' } },
      { level: 'warning', message: 'w: ::x', properties: {} },
    ]);
  });

  test('a secret is hidden from the line after its mask on, each of its lines by itself', () => {
    const { log, masks } = readSpoken('pass word\n::add-mask::pass%0Aword\npass word');
    expect(masks).toEqual(['pass', 'word']);
    expect(log).toBe('pass word\n*** ***');
  });

  test('groups are named in order', () => {
    expect(readSpoken('::group::Plan\n::endgroup::\n::group::Install').groups).toEqual(['Plan', 'Install']);
  });
});

describe('file commands', () => {
  test('a value may span lines, hold an equals sign or look like another line', () => {
    expect(readFileCommands('a=b=c\nlong<<END\n1\nx=y\nz<<END2\nEND\nempty=\n')).toEqual({
      a: 'b=c',
      long: '1\nx=y\nz<<END2',
      empty: '',
    });
  });

  test('any text survives between a mark that it does not hold', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{1,9}$/), fc.string({ unit: 'grapheme' }), (name, value) => {
        const text = value.replaceAll('\r', '');
        expect(readFileCommands(`${name}<<ghadelimiter_1\n${text}\nghadelimiter_1\n`)).toEqual({ [name]: text });
      }),
    );
  });

  test('a line that is no command and a mark that never comes fail the step', () => {
    expect(() => readFileCommands('nonsense\n')).toThrow("Invalid format 'nonsense'");
    expect(() => readFileCommands('a<<END\nb\n')).toThrow("Matching delimiter not found 'END'");
  });
});
