import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { maskUrl, redact } from '../../src/values/mask.js';

const domain = fc.stringMatching(/^[a-z]{1,8}(\.[a-z]{2,5}){1,2}$/);

describe('an address as printed', () => {
  test('hides user, password, query and fragment', () => {
    expect(maskUrl('https://me:secret@index.example:8443/simple/?token=secret#secret')).toBe(
      'https://***@index.example:8443/simple/?***',
    );
    expect(maskUrl('https://index.example/simple/')).toBe('https://index.example/simple/');
  });

  test('that is none is still without credentials', () => {
    expect(maskUrl('htp://me:secret@[x/')).toBe('htp://***@[x/');
    expect(maskUrl('C:\\wheels')).toBe('C:\\wheels');
    expect(maskUrl('me:secret@index.example/simple')).toBe('***@index.example/simple');
  });

  test('hides a password with a slash, be its beginning a port or not', () => {
    expect(maskUrl('https://me:sec/ret@index.example/simple/')).toBe('https://***@index.example/simple/');
    expect(maskUrl('https://me:443/ret@index.example/simple/')).toBe('https://***@index.example/simple/');
  });

  test('keeps an @ that belongs to the path', () => {
    expect(maskUrl('https://index.example/feed@view/simple/')).toBe('https://index.example/feed@view/simple/');
    expect(maskUrl('https://me:secret@index.example:80/feed@view/')).toBe('https://***@index.example:80/feed@view/');
  });

  test('never shows the password', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9%!*()_~/-]{1,12}$/).map((text) => `Q${text}Q`);
    const user = fc.stringMatching(/^[A-Za-z0-9._-]{1,12}$/);
    fc.assert(
      fc.property(user, word, domain, (name, password, host) => {
        expect(maskUrl(`https://${name}:${password}@${host}/x?k=${password}`)).toBe(`https://***@${host}/x?***`);
      }),
    );
  });
});

describe('a text with addresses', () => {
  test('is shown without their credentials', () => {
    expect(redact('`--index-url https://a:b@x.example/simple` and "c:d@y.example" say nothing')).toBe(
      '`--index-url https://***@x.example/simple` and "***@y.example" say nothing',
    );
  });

  test.each([
    'git+https://forge.example/a/b@v1.0',
    'name @ https://x.example/name-1.0.whl',
    'git@forge.example:a/b',
    'C:\\wheels\\a@b.whl',
    'requirements.txt:3: numpy@2',
  ])('%s holds none and stays', (text) => expect(redact(text)).toBe(text));

  test.each(['//', '//:', 'a', 'a:', '//a:b/'])('that repeats %s is read to its end', (piece) => {
    const text = piece.repeat(50_000);
    expect(redact(text) === text).toBe(true);
  });
});
