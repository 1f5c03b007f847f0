import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readByteRange } from '../../src/gateway/byte-range.js';
import { atTheDoor } from '../../src/gateway/door.js';
import { renderPage } from '../../src/gateway/index-page.js';
import { createShelf } from '../../src/gateway/shelf.js';
import type { IndexFile } from '../../src/values/source.js';

const file: IndexFile = {
  filename: 'thing-1.0-py3-none-any.whl',
  sha256: null,
  hashOrigin: null,
  size: null,
  requiresPython: null,
  yanked: null,
  uploadTime: null,
  locations: [{ source: 'a', url: 'http://a.example/thing-1.0-py3-none-any.whl', sha256: null, size: null }],
};

describe('a Range header', () => {
  test.each([
    [undefined, 'whole'],
    ['bytes=0-', { from: 0, to: 100 }],
    ['bytes=10-', { from: 10, to: 100 }],
    ['bytes=10-19', { from: 10, to: 20 }],
    ['bytes=90-500', { from: 90, to: 100 }],
    ['bytes=-10', { from: 90, to: 100 }],
    ['bytes=-500', { from: 0, to: 100 }],
    ['bytes=100-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=20-10', 'whole'],
    ['bytes=0-1,5-6', 'whole'],
    ['items=0-1', 'whole'],
    ['bytes=-', 'whole'],
  ])('%s of 100 bytes', (header, expected) => {
    expect(readByteRange(header, 100, true)).toEqual(expected);
  });

  test('counts for nothing when If-Range names another file', () => {
    expect(readByteRange('bytes=10-', 100, false)).toBe('whole');
  });

  test('never leads outside the file', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^bytes=\d{0,9}-\d{0,9}$/)), fc.nat(1000), (header, size) => {
        const range = readByteRange(header, size, true);
        if (typeof range === 'object') {
          expect(range.from >= 0 && range.from < range.to && range.to <= size).toBe(true);
        }
      }),
    );
  });
});

describe('the door', () => {
  const basic = (login: string): string => `Basic ${Buffer.from(login).toString('base64')}`;

  test('takes the token whatever the user name, and says where the request goes, unescaped', () => {
    const knock = {
      method: 'GET',
      target: 'http://w.invalid/simple/a%2Bb/?x=1',
      authorization: basic('anyone:secret'),
    };
    expect(atTheDoor(knock, 'w.invalid', 'secret')).toEqual({ path: '/simple/a+b/' });
  });

  test('takes nothing but the token', () => {
    fc.assert(
      fc.property(fc.string(), (guess) => {
        fc.pre(guess !== 'secret' && !guess.endsWith(':secret'));
        const knock = { method: 'GET', target: 'http://w.invalid/', authorization: basic(`x:${guess}`) };
        expect(atTheDoor(knock, 'w.invalid', 'secret')).toEqual({ status: 407 });
      }),
    );
    expect(
      atTheDoor({ method: 'GET', target: 'http://w.invalid/', authorization: null }, 'w.invalid', 'secret'),
    ).toEqual({ status: 407 });
  });

  test.each([
    ['/simple/a/', 403],
    ['http://w.invalid.example/simple/a/', 403],
    ['http://w.invalid@evil.example/', 403],
    ['http://other.invalid/', 403],
    ['https://w.invalid/', 403],
    ['http://w.invalid/%ff', 400],
  ])('turns %s away', (target, status) => {
    expect(atTheDoor({ method: 'GET', target, authorization: basic('x:secret') }, 'w.invalid', 'secret')).toEqual({
      status,
    });
  });
});

describe('a project page', () => {
  const page = { project: 'thing', files: [file], answered: ['a'], faults: [] };
  const at = (): string => 'http://w.invalid/f';

  test.each([
    [
      'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01',
      'application/vnd.pypi.simple.v1+json',
    ],
    ['application/vnd.pypi.simple.v1+html, text/html;q=0.01', 'application/vnd.pypi.simple.v1+html'],
    ['text/html', 'text/html; charset=utf-8'],
    ['*/*', 'text/html; charset=utf-8'],
    ['image/png', 'text/html; charset=utf-8'],
    [undefined, 'text/html; charset=utf-8'],
  ])('for Accept %s', (accept, type) => {
    expect(renderPage(page, accept, at).type).toBe(type);
  });

  test('lets no text of a mirror out of its attribute', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const { body } = renderPage(
          { ...page, files: [{ ...file, requiresPython: text, yanked: text }] },
          'text/html',
          at,
        );
        const anchor = body.slice(body.indexOf('<a '), body.indexOf('</a>'));
        expect(anchor.split('"')).toHaveLength(9);
        expect(anchor.slice(1, anchor.lastIndexOf('>'))).not.toMatch(/[<>]/);
      }),
    );
  });

  test('tells yanked files with and without a reason (PEP 592)', () => {
    const files = [{ ...file, yanked: '' }, { ...file, yanked: 'broken' }, file];
    const { body } = renderPage({ ...page, files }, 'application/vnd.pypi.simple.v1+json', at);
    expect(JSON.parse(body).files.map((f: { yanked: unknown }) => f.yanked)).toEqual([true, 'broken', false]);
  });
});

test('two files of one name and no hash have addresses of their own', () => {
  const shelf = createShelf();
  const other = {
    ...file,
    locations: [{ source: 'b', url: 'http://b.example/thing-1.0-py3-none-any.whl', sha256: null, size: null }],
  };
  expect(shelf.put(file)).not.toBe(shelf.put(other));
  expect(shelf.at(shelf.put(other))).toBe(other);
  expect(shelf.put(file)).toBe(shelf.put(file));
});

test('a direct link with a hostile name gets a plain one, and its #sha256= is its hash', () => {
  const shelf = createShelf();
  const path = shelf.putDirect(`http://a.example/x/..%2F..%2Fetc%2Fpasswd#sha256=${'a'.repeat(64)}`);
  expect(path).toMatch(/^\/direct\/[0-9a-f]{16}\/etc_passwd$/);
  expect(shelf.at(path)?.sha256).toBe('a'.repeat(64));
});

test('a direct link whose escapes are no UTF-8 is a file too, and the spelling of its hash does not matter', () => {
  const shelf = createShelf();
  const path = shelf.putDirect(`http://a.example/a%ff-1.0.zip#subdirectory=x&sha256=${'A'.repeat(64)}`);
  expect(path).toMatch(/^\/direct\/[0-9a-f]{16}\/a_-1\.0\.zip$/);
  expect(shelf.at(path)?.sha256).toBe('a'.repeat(64));
});
