import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { withCredentials } from '../../src/sources/credentials.js';
import { parseNetrc } from '../../src/sources/netrc.js';
import type { Source } from '../../src/values/source.js';

const source = (url: string, more: Partial<Source> = {}): Source => ({
  id: url,
  kind: 'private',
  url,
  credentials: null,
  connections: 16,
  group: url,
  origin: 'requirements.txt:1',
  ...more,
});
const me = { username: 'me', password: 'secret' };
const who = (
  sources: readonly Source[],
  ...rest: [Parameters<typeof withCredentials>[1]?, Parameters<typeof withCredentials>[2]?]
) =>
  withCredentials(sources, rest[0] ?? [], rest[1] ?? []).sources.map(
    ({ credentials }) => credentials?.username ?? null,
  );

describe('credentials of private indexes', () => {
  test('go to their own origin alone: scheme, host and port', () => {
    const given = [{ origin: 'https://nexus.invalid:8443', credentials: me }];
    const urls = [
      'https://nexus.invalid:8443/simple/',
      'https://nexus.invalid/simple/',
      'http://nexus.invalid:8443/simple/',
      'https://evil.nexus.invalid:8443/',
    ];
    expect(
      who(
        urls.map((url) => source(url)),
        given,
      ),
    ).toEqual(['me', null, null, null]);
  });

  test('of the address itself come first, then the input, then netrc', () => {
    const own = source('https://a.invalid/', { credentials: { username: 'own', password: 'x' } });
    const given = ['a', 'b'].map((name) => ({ origin: `https://${name}.invalid`, credentials: me }));
    const netrc = ['a', 'b', 'c'].map((name) => ({ machine: `${name}.invalid`, login: 'net', password: 'x' }));
    const sources = [own, source('https://b.invalid/'), source('https://c.invalid/'), source('/folder')];
    expect(who(sources, given, netrc)).toEqual(['own', 'me', 'net', null]);
  });

  test('of netrc never go over plain http to another machine', () => {
    const netrc = ['a.invalid', '127.0.0.1'].map((machine) => ({ machine, login: 'net', password: 'x' }));
    expect(who([source('http://a.invalid/'), source('http://127.0.0.1:3141/')], [], netrc)).toEqual([null, 'net']);
  });

  test('that no source needs are told', () => {
    const given = [{ origin: 'https://a.invalid', credentials: me }];
    expect(withCredentials([source('https://b.invalid/')], given, []).unused).toEqual(['https://a.invalid']);
  });
});

describe('netrc', () => {
  test('is read with comments, macros, quotes and lines of every shape', () => {
    const text = [
      '# machine no.invalid login x password y',
      'machine a.invalid login me password p#1',
      'machine b.invalid',
      '  login "two words"',
      '  account ignored',
      '  password "q\\"u"',
      'macdef init',
      'machine c.invalid login x password y',
      '',
      'machine d.invalid login onlyalogin',
      'default login anyone password everywhere',
    ].join('\n');
    expect(parseNetrc(text)).toEqual([
      { machine: 'a.invalid', login: 'me', password: 'p#1' },
      { machine: 'b.invalid', login: 'two words', password: 'q"u' },
    ]);
  });

  test('any text at all gives whole entries or none', () => {
    const word = fc.constantFrom('machine', 'login', 'password', 'default', 'macdef', 'a', '"', '\\', '#', '\n', ' ');
    fc.assert(
      fc.property(fc.array(word, { maxLength: 30 }), (words) => {
        for (const entry of parseNetrc(words.join(' '))) expect(Object.values(entry)).not.toContain('');
      }),
    );
  });
});
