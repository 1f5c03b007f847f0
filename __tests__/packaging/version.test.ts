import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  compareVersions,
  isExact,
  isPreRelease,
  isSpecifier,
  isVersion,
  nearestVersions,
  satisfies,
} from '../../src/packaging/version.js';
import { askPython, findPythons } from './pythons.js';

const python = findPythons()[0];
const number = fc.integer({ min: 0, max: 3 });
const versions = fc
  .tuple(
    fc.constantFrom('', '', '', '1!'),
    fc.array(number, { minLength: 1, maxLength: 4 }).map((release) => release.join('.')),
    fc.constantFrom('', '', 'a1', 'b0', 'rc1', 'rc2'),
    fc.constantFrom('', '', '.post0', '.post1'),
    fc.constantFrom('', '', '.dev1'),
    fc.constantFrom('', '', '+cu118', '+cu126', '+1.2'),
  )
  .map((parts) => parts.join(''));
const clauses = fc
  .tuple(fc.constantFrom('==', '!=', '>=', '<=', '<', '>', '~='), versions, fc.constantFrom('', '', '.*'))
  .map(([operator, version, star]) => `${operator}${version}${star}`);

describe('order of versions', () => {
  test('is the order of the interpreters (PEP 440)', () => {
    const pairs = fc.sample(fc.tuple(versions, versions), { numRuns: 1500, seed: 7 });
    const theirs = askPython(
      python,
      `
import json, sys
from pip._vendor.packaging.version import Version as V
print(json.dumps([(V(a) > V(b)) - (V(a) < V(b)) for a, b in json.load(sys.stdin)]))`,
      pairs,
    );
    expect(pairs.map(([a, b]) => Math.sign(compareVersions(a, b)))).toEqual(theirs);
  });

  test('knows pre-releases', () => {
    expect(['3.0.0rc1', '3.4.0.dev20261101', '3.0.0a0'].every(isPreRelease)).toBe(true);
    expect(['3.0.0', '3.0.0.post1', '3.2.2+cu126'].some(isPreRelease)).toBe(false);
  });

  test.each(['3.2.2', '1!2.0', '3.0.0.post118', 'v1.0', '3.0.0-beta2', '1.0+local.1'])('%s is a version', (text) => {
    expect(isVersion(text)).toBe(true);
  });

  test.each(['', '3.2.', '3.*', 'latest', '3.2.2 ', '==3.2.2', '3.1.1.'])('%j is none', (text) => {
    expect(isVersion(text)).toBe(false);
  });
});

describe('version clauses', () => {
  test("are read and judged as the interpreters' own packaging does", () => {
    const cases = fc.sample(fc.tuple(versions, fc.array(clauses, { minLength: 1, maxLength: 2 })), {
      numRuns: 4000,
      seed: 11,
    });
    const theirs = askPython(
      python,
      `
import json, sys
from pip._vendor.packaging.specifiers import SpecifierSet, InvalidSpecifier
def ask(version, text, pre):
    try:
        return SpecifierSet(text).contains(version, prereleases=pre)
    except InvalidSpecifier:
        return None
print(json.dumps([[ask(v, ','.join(c), pre) for pre in (None, True)] for v, c in json.load(sys.stdin)]))`,
      cases,
    ) as [boolean | null, boolean | null][];
    // Of a post-release with a local label the PEP says nothing else than of the post-release; packaging takes it for the version itself.
    const told = cases.map(([version, list], index) => ({
      version,
      text: list.join(','),
      theirs: theirs[index] ?? [],
    }));
    const ours = told.map(({ version, text }) =>
      isSpecifier(text) ? [satisfies(version, text), satisfies(version, text, { prereleases: true })] : [null, null],
    );
    const differing = told.filter(({ version, text, theirs: [unasked, asked] }, index) => {
      const [ourUnasked, ourAsked] = ours[index] ?? [];
      // Newer releases of packaging let a pre-release behind `<` and `>` count as named, older ones do not.
      const ambiguous = /[<>][^=]/.test(text);
      const localPost = text.includes('>') && version.includes('.post') && version.includes('+');
      return !localPost && (asked !== ourAsked || (!ambiguous && unasked !== ourUnasked));
    });
    expect(differing).toEqual([]);
  });

  test.each([
    ['3.2.2+cu118', '==3.2.2+cu126', false],
    ['3.2.2+cu126', '==3.2.2', true],
    ['3.3', '==3.3.0.*', true],
    ['3.3.0rc1', '<3.3.0rc2', true],
    ['3.3.0rc1', '<3.3.0', false],
    ['3.3.0.post1', '>3.3.0', false],
    ['3.2.2+cu126', '>3.2.2', false],
    ['3.2.2', '', true],
    ['3.2.2', '===3.2.2', true],
    ['3.2.2', '~=3.2', true],
    ['4.0', '~=3.2', false],
  ])('%s and %j: %s', (version, specifier, expected) => {
    expect(satisfies(version, specifier)).toBe(expected);
  });

  test('a pre-release counts where a clause names one or the caller says so', () => {
    expect(satisfies('3.3.0rc1', '>=3.0')).toBe(false);
    expect(satisfies('3.3.0rc1', '>=3.0', { prereleases: true })).toBe(true);
    expect(satisfies('3.3.0rc1', '>=3.3.0rc0')).toBe(true);
    expect(satisfies('3.3.0rc1', '>=3.3.0rc0', { prereleases: false })).toBe(false);
  });

  test.each(['=3.2', '3.2', '>=3.2.*', '~=3', '==3.2 3.3', '>=1.0+local', '>=1,,<2', '==', '==3.2;'])(
    '%j is no specifier and nothing satisfies it',
    (text) => {
      expect(isSpecifier(text)).toBe(false);
      expect(satisfies('3.2', text)).toBe(false);
    },
  );

  test('only == without a star and === are exact', () => {
    expect(['==3.2.2', '=== 3.2.2', '>=3,==3.2.2'].every(isExact)).toBe(true);
    expect(['==3.2.*', '~=3.2.2', '>=3.2.2', '', '3.2.2'].some(isExact)).toBe(false);
  });
});

describe('the versions nearest to one that does not exist', () => {
  const there = ['2.6.2', '3.0.0', '3.1.0', '3.1.1', '3.2.0', '3.2.1', '3.2.2', '3.3.0', '3.3.1'];

  test.each([
    ['3.2.9', ['3.2.2', '3.2.1', '3.2.0']],
    ['==3.4.0', ['3.3.0', '3.3.1', '3.2.0']],
    ['2.7', ['2.6.2', '3.3.0', '3.3.1']],
    ['33.1', ['3.1.0', '3.1.1', '3.2.0']],
  ])('%s: %j', (wanted, expected) => {
    expect(nearestVersions(wanted, there, 3)).toEqual(expected);
  });

  test('never more than there are, and no text that is no version', () => {
    expect(nearestVersions('1.0', ['2.0', 'x'], 5)).toEqual(['2.0']);
  });
});
