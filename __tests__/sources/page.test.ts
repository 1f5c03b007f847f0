import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type PageFile, type PageReading, readPage } from '../../src/sources/page.js';

const url = 'https://index.example/team/simple/six/';
const hash = 'ab'.repeat(32);
const html = (body: string, base = url) => readPage({ body, contentType: 'text/html; charset=utf-8', url: base });
const json = (page: unknown) =>
  readPage({ body: JSON.stringify(page), contentType: 'application/vnd.pypi.simple.v1+json', url });

function filesOf(reading: PageReading): readonly PageFile[] {
  if ('fault' in reading) throw new Error(`${reading.fault}: ${reading.detail}`);
  return reading.files;
}

describe('an HTML page', () => {
  test('lists its anchors with what they say', () => {
    const files = filesOf(
      html(`<a href="../../packages/six-1.16.0-py2.py3-none-any.whl#sha256=${hash.toUpperCase()}"
        data-requires-python="&gt;=2.7, !=3.0.*" data-yanked="broken &amp; gone">six-1.16.0-py2.py3-none-any.whl</a>`),
    );
    expect(files).toEqual([
      {
        project: 'six',
        filename: 'six-1.16.0-py2.py3-none-any.whl',
        url: 'https://index.example/team/packages/six-1.16.0-py2.py3-none-any.whl',
        sha256: hash,
        size: null,
        requiresPython: '>=2.7, !=3.0.*',
        yanked: 'broken & gone',
        uploadTime: null,
        metadata: null,
      },
    ]);
  });

  test('resolves its links against <base href>, itself relative or not', () => {
    expect(filesOf(html('<base href="/files/"><a href="six-1.0.tar.gz">x</a>'))[0]?.url).toBe(
      'https://index.example/files/six-1.0.tar.gz',
    );
    expect(filesOf(html('<base href="https://files.example/a/"><a href="six-1.0.tar.gz">x</a>'))[0]?.url).toBe(
      'https://files.example/a/six-1.0.tar.gz',
    );
  });

  test('that came by TLS leads to no address without it, whatever its <base href>', () => {
    const page = html('<title>Links for six</title><base href="http://index.example/"><a href="six-1.0.tar.gz">x</a>');
    expect(page).toEqual({ files: [], dropped: 1 });
  });

  test('decodes percent-encoded names, and keeps them in the address', () => {
    const [file] = filesOf(html('<a href="torch-2.0%2Bcpu-cp311-cp311-linux_x86_64.whl">x</a>'));
    expect(file?.filename).toBe('torch-2.0+cpu-cp311-cp311-linux_x86_64.whl');
    expect(file?.url).toMatch(/torch-2.0%2Bcpu/);
  });

  test('marks a file as yanked also without a reason, and another algorithm as no hash', () => {
    const [file] = filesOf(html('<a href="six-1.0.tar.gz#md5=d41d8cd98f00b204e9800998ecf8427e" data-yanked>x</a>'));
    expect([file?.yanked, file?.sha256]).toEqual(['', null]);
  });

  test('takes credentials out of file addresses and keeps their query', () => {
    const [file] = filesOf(html('<a href="https://me:secret@files.example/six-1.0.tar.gz?sig=1#sha256=zz">x</a>'));
    expect([file?.url, file?.sha256]).toEqual(['https://files.example/six-1.0.tar.gz?sig=1', null]);
  });

  test.each([
    ['another scheme', 'file:///etc/six-1.0.tar.gz'],
    ['a script', 'javascript:alert(1)//six-1.0.tar.gz'],
    ['http under https', 'http://index.example/six-1.0.tar.gz'],
    ['an encoded slash', '..%2f..%2fsix-1.0.tar.gz'],
    ['an encoded backslash', '..%5csix-1.0.tar.gz'],
    ['a NUL', 'six-1.0.tar.gz%00'],
    ['broken encoding', 'six-1.0%zz.tar.gz'],
    ['a malformed name', 'six-1.1.-cp310-cp310-macosx_11_0_arm64.whl'],
    ['no address', 'https://[six-1.0.tar.gz'],
    ['no distribution', 'six-1.0.exe'],
  ])('leaves out and counts a link with %s', (_, href) => {
    const reading = html(`<title>Links for six</title><a href="${href}">x</a><a href="six-2.0.tar.gz">ok</a>`);
    expect(filesOf(reading).map((file) => file.filename)).toEqual(['six-2.0.tar.gz']);
    expect(reading).toMatchObject({ dropped: 1 });
  });

  test.each([
    '<!DOCTYPE html><html><head><title>Links for six</title></head><body><h1>Links for six</h1></body></html>',
    '<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.0"></head><body>nothing yet</body></html>',
    '<html><body></body></html>',
    '<html><title>Index of /six/</title><a href="?C=N;O=D">Name</a><a href="../">Parent directory</a></html>',
    '',
  ])('without a link is a page that lists nothing', (body) => {
    expect(html(body)).toEqual({ files: [], dropped: 0 });
  });

  test.each([
    [
      '<html><title>Sign in</title><form action="/login"><input name="user"></form>Please sign in</html>',
      'Please sign in',
    ],
    ['<html><body><p>我们检测到您所在的子网存在大量下载</p></body></html>', '我们检测到您所在的子网'],
    ['<html><body><div id="app"></div><script src="/portal.js"></script></body></html>', 'without text'],
    ['<html><body>Welcome to the hotel. <a href="/portal">Accept</a></body></html>', 'Welcome to the hotel'],
  ])('that is no index is told by its first words', (body, words) => {
    expect(html(body)).toEqual({ fault: 'html', detail: expect.stringContaining(words) });
  });
});

describe('a JSON page', () => {
  const file = {
    filename: 'six-1.0.tar.gz',
    url: '../../f/six-1.0.tar.gz',
    hashes: { sha256: hash },
    size: 12,
    yanked: false,
  };

  test('lists its files with sizes and times', () => {
    const reading = json({
      meta: { 'api-version': '1.1' },
      files: [{ ...file, 'requires-python': '>=3.8.*,', 'upload-time': '2026-01-01T00:00:00Z' }],
    });
    expect(filesOf(reading)).toEqual([
      {
        project: 'six',
        filename: 'six-1.0.tar.gz',
        url: 'https://index.example/team/f/six-1.0.tar.gz',
        sha256: hash,
        size: 12,
        requiresPython: '>=3.8',
        yanked: null,
        uploadTime: '2026-01-01T00:00:00Z',
        metadata: null,
      },
    ]);
  });

  test.each([
    [{ 'core-metadata': { sha256: hash } }, { sha256: hash }],
    [{ 'core-metadata': { md5: 'ab' } }, { sha256: null }],
    [{ 'core-metadata': true }, { sha256: null }],
    [{ 'dist-info-metadata': { sha256: hash } }, { sha256: hash }],
    [{ 'core-metadata': false, 'dist-info-metadata': true }, null],
    [{ 'core-metadata': 'true' }, null],
    [{}, null],
  ])('tells whether METADATA stands beside a wheel: %j', (mark, metadata) => {
    const [wheel] = filesOf(json({ files: [{ ...file, filename: 'six-1.0-py3-none-any.whl', ...mark }] }));
    expect(wheel?.metadata).toEqual(metadata);
  });

  test('tells yanked with and without a reason', () => {
    const reading = json({
      files: [
        { ...file, yanked: true },
        { ...file, yanked: 'bad' },
      ],
    });
    expect(filesOf(reading).map(({ yanked }) => yanked)).toEqual(['', 'bad']);
  });

  test('leaves out entries of a wrong shape and hostile names, and takes wrong fields as not stated', () => {
    const reading = json({
      files: [
        null,
        3,
        { filename: 'six-1.0.tar.gz' },
        { ...file, filename: '../../six-1.0.tar.gz' },
        { ...file, filename: '/six-1.0.tar.gz' },
        { ...file, size: -1, hashes: [] },
      ],
    });
    expect(filesOf(reading).map(({ size, sha256 }) => [size, sha256])).toEqual([[null, null]]);
    expect(reading).toMatchObject({ dropped: 5 });
  });

  test.each(['[]', '{}', '{"files": {}}', '{"files": [', '{"meta": {"api-version": "2.0"}, "files": []}'])(
    'that is none is malformed: %s',
    (body) => {
      expect(readPage({ body, contentType: 'application/json', url })).toMatchObject({ fault: 'malformed' });
    },
  );

  test('is recognised without a content type, and other text is malformed', () => {
    expect(readPage({ body: ' {"files": []}', contentType: '', url })).toEqual({ files: [], dropped: 0 });
    expect(readPage({ body: 'PK\u0003\u0004', contentType: 'application/octet-stream', url })).toMatchObject({
      fault: 'malformed',
    });
  });
});

test('no text at all makes the reader fail, and nothing it lists leaves http or holds a path', () => {
  const href = fc
    .oneof(fc.webUrl(), fc.string(), fc.stringMatching(/^[./%a-z0-9\\:-]{0,30}$/))
    .map((text) => `${text}/six-1.0.tar.gz`);
  const body = fc.oneof(
    fc.string({ unit: 'binary' }),
    href.map((text) => `<a href="${text}">x</a>`),
    fc.tuple(href, fc.string()).map(([link, filename]) => JSON.stringify({ files: [{ url: link, filename }] })),
    fc.json(),
  );
  fc.assert(
    fc.property(body, fc.constantFrom('text/html', 'application/json', ''), (text, contentType) => {
      const reading = readPage({ body: text, contentType, url });
      for (const file of 'files' in reading ? reading.files : []) {
        expect(file.url).toMatch(/^https:\/\//);
        expect(file.filename).toMatch(/^[A-Za-z0-9][^/\\\0]*$/);
      }
    }),
    { numRuns: 500 },
  );
});
