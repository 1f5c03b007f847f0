import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { SourcePage } from '../../src/sources/fetch-page.js';
import { joinOrigins, mergePages } from '../../src/sources/merge.js';
import type { PageFile } from '../../src/sources/page.js';
import type { Source } from '../../src/values/source.js';

const hashes = ['a', 'b', 'c'].map((letter) => letter.repeat(64));
const [a = '', b = ''] = hashes;

const file = (filename: string, sha256: string | null, more: Partial<PageFile> = {}): PageFile => ({
  project: 'six',
  filename,
  url: `https://files.example/${filename}`,
  sha256,
  size: null,
  requiresPython: null,
  yanked: null,
  uploadTime: null,
  metadata: null,
  ...more,
});

const source = (id: string, group = id): Source => ({
  id,
  kind: 'python',
  url: `https://${id}.example/simple/`,
  credentials: null,
  connections: 4,
  group,
  origin: 'test',
});
const page = (id: string, files: readonly PageFile[], group = id): SourcePage => ({
  source: source(id, group),
  files,
  dropped: 0,
  host: `${id}.example`,
  ms: 1,
});
const merge = (...pages: SourcePage[]) => mergePages('six', pages, []);

describe('the pages of several sources', () => {
  test('are joined by file name, places in the order in which the sources were asked', () => {
    const merged = merge(
      page('one', [file('six-1.tar.gz', a)]),
      page('two', [file('six-2.tar.gz', b), file('six-1.tar.gz', a, { size: 5 })]),
    );
    expect(merged.files.map(({ filename, locations }) => [filename, locations.map((place) => place.source)])).toEqual([
      ['six-1.tar.gz', ['one', 'two']],
      ['six-2.tar.gz', ['two']],
    ]);
    expect(merged.files[0]).toMatchObject({ size: 5, sha256: a, hashOrigin: 'agreement' });
    expect(merged.answered).toEqual(['one', 'two']);
  });

  test('take the hash of the only one that states it as the word of that index', () => {
    expect(
      merge(page('one', [file('six-1.tar.gz', null)]), page('two', [file('six-1.tar.gz', a)])).files[0],
    ).toMatchObject({ sha256: a, hashOrigin: 'index', locations: [{ source: 'one' }, { source: 'two' }] });
    expect(merge(page('one', [file('six-1.tar.gz', null)])).files[0]).toMatchObject({ sha256: null, hashOrigin: null });
  });

  test('count mirrors of one group as one voice', () => {
    const merged = merge(
      page('tuna', [file('six-1.tar.gz', b)], 'A'),
      page('bfsu', [file('six-1.tar.gz', b)], 'A'),
      page('x', [file('six-1.tar.gz', a)]),
      page('y', [file('six-1.tar.gz', a)]),
    );
    expect(merged.files[0]).toMatchObject({ sha256: a, hashOrigin: 'agreement' });
    expect(merged.faults.map(({ source: id, kind }) => [id, kind])).toEqual([
      ['tuna', 'wrong-hash'],
      ['bfsu', 'wrong-hash'],
    ]);
  });

  test('that differ with no referee leave the hash open and keep what each states', () => {
    const merged = merge(
      page('one', [file('six-1.tar.gz', a, { size: 1 })]),
      page('two', [file('six-1.tar.gz', b, { size: 2 })]),
    );
    expect(merged.files[0]).toMatchObject({
      sha256: null,
      hashOrigin: null,
      size: null,
      locations: [{ sha256: a }, { sha256: b }],
    });
  });

  test('bow to the official index, also in what it says of yanking and Pythons', () => {
    const merged = merge(
      page('one', [file('six-1.tar.gz', b, { yanked: null })]),
      page('official', [file('six-1.tar.gz', a, { yanked: 'bad', requiresPython: '>=3' })]),
    );
    expect(merged.files[0]).toMatchObject({
      sha256: a,
      hashOrigin: 'official',
      yanked: 'bad',
      requiresPython: '>=3',
      locations: [{ source: 'official' }],
    });
  });

  test('bow to the lock above all', () => {
    const merged = mergePages(
      'six',
      [page('official', [file('six-1.tar.gz', a)]), page('two', [file('six-1.tar.gz', b)])],
      [],
      new Map([['six-1.tar.gz', b]]),
    );
    expect(merged.files[0]).toMatchObject({ sha256: b, hashOrigin: 'lock', locations: [{ source: 'two' }] });
  });

  test('with one name twice on a page: its first word counts', () => {
    expect(merge(page('one', [file('six-1.tar.gz', a), file('six-1.tar.gz', b)])).files[0]).toMatchObject({
      sha256: a,
      locations: [{ sha256: a }],
    });
  });
});

describe('any pages', () => {
  const names = ['six-1.tar.gz', 'six-2.tar.gz', 'six-3.tar.gz'];
  const files = fc.uniqueArray(fc.record({ name: fc.constantFrom(...names), hash: fc.constantFrom(null, ...hashes) }), {
    selector: (one) => one.name,
  });
  const pages = fc
    .uniqueArray(
      fc.record({ id: fc.constantFrom('official', 'p', 'q', 'r', 's'), group: fc.constantFrom('G', 'H', 'I'), files }),
      { selector: (one) => one.id },
    )
    .map((many) =>
      many.map((one) =>
        page(
          one.id,
          one.files.map(({ name, hash }) => file(name, hash)),
          one.id === 'official' ? 'official' : one.group,
        ),
      ),
    );

  test('list every name once, and no place that contradicts the hash', () => {
    fc.assert(
      fc.property(pages, (many) => {
        const { files: merged } = merge(...many);
        expect(new Set(merged.map(({ filename }) => filename))).toEqual(
          new Set(many.flatMap((one) => one.files.map(({ filename }) => filename))),
        );
        for (const one of merged) {
          for (const place of one.locations)
            expect(one.sha256 === null || place.sha256 === null || place.sha256 === one.sha256).toBe(true);
          expect(one.sha256 === null).toBe(one.hashOrigin === null);
        }
      }),
    );
  });

  test('give the official hash wherever it states one', () => {
    fc.assert(
      fc.property(pages, (many) => {
        const official = many.find(({ source: { id } }) => id === 'official');
        for (const one of merge(...many).files) {
          const stated = official?.files.find(({ filename }) => filename === one.filename)?.sha256;
          if (stated) expect([one.sha256, one.hashOrigin]).toEqual([stated, 'official']);
        }
      }),
    );
  });

  test('agree on the same hashes in whatever order one voice a group was asked', () => {
    const single = pages.map((many) =>
      many.filter((one, index) => many.findIndex((other) => other.source.group === one.source.group) === index),
    );
    fc.assert(
      fc.property(
        single.chain((many) => fc.tuple(fc.constant(many), fc.shuffledSubarray(many, { minLength: many.length }))),
        ([many, shuffled]) => {
          const told = (list: readonly SourcePage[]) =>
            new Map(merge(...list).files.map(({ filename, sha256 }) => [filename, sha256]));
          expect(told(shuffled)).toEqual(told(many));
        },
      ),
    );
  });
});

describe('a later origin', () => {
  const first = merge(page('one', [file('six-1.tar.gz', a)]));

  test('adds files, and places for the same bytes', () => {
    const joined = joinOrigins('six', [
      first,
      merge(page('paddle', [file('six-1.tar.gz', a), file('six-2.tar.gz', null)])),
    ]);
    expect(joined.files.map(({ filename, locations }) => [filename, locations.length])).toEqual([
      ['six-1.tar.gz', 2],
      ['six-2.tar.gz', 1],
    ]);
  });

  test.each([b, null])('never adds a place whose bytes may differ (%s)', (hash) => {
    const joined = joinOrigins('six', [first, merge(page('paddle', [file('six-1.tar.gz', hash)]))]);
    expect(joined.files).toEqual(first.files);
  });
});
