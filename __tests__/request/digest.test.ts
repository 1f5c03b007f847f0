import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { requirementsDigest } from '../../src/request/digest.js';
import { readRequirements } from '../../src/request/files.js';

const where = { requirements: 'requirements', packages: 'packages' };

async function digestOf(text: string): Promise<string> {
  const { set, problems } = await readRequirements([], text, where, { cwd: '/project', environment: {} });
  expect(problems).toEqual([]);
  return requirementsDigest(set, null);
}

interface Parts {
  readonly name: string;
  readonly extras: readonly string[];
  readonly clauses: readonly string[];
  readonly marker: string | null;
  readonly hash: string | null;
}

const parts: fc.Arbitrary<Parts> = fc.record({
  name: fc.stringMatching(/^[a-z]{2,5}-[a-z]{1,3}$/),
  extras: fc.uniqueArray(fc.constantFrom('x', 'y', 'z'), { maxLength: 2 }),
  clauses: fc.uniqueArray(fc.constantFrom('>=1.0', '<3', '!=2.1', '==1.*'), { maxLength: 3 }),
  marker: fc.option(fc.constantFrom('python_version < "3.12"', 'os_name == "posix" and extra == "q"')),
  hash: fc.option(fc.stringMatching(/^[0-9a-f]{64}$/)),
});
const sets = fc.uniqueArray(parts, { selector: ({ name }) => name, minLength: 1, maxLength: 5 });

function plain({ name, extras, clauses, marker, hash }: Parts): string {
  const options = hash === null ? '' : ` --hash=sha256:${hash}`;
  return `${name}[${extras.join(',')}]${clauses.join(',')}${marker === null ? '' : ` ; ${marker}`}${options}`;
}

/** The same line in other words. */
function fancy({ name, extras, clauses, marker, hash }: Parts): string {
  const shouted = name.toUpperCase().replace('-', '_.');
  const list = [...extras].reverse().join(' , ');
  const turned = [...clauses].reverse().join(' , ');
  const quoted = marker === null ? '' : `;(${marker.replaceAll('"', "'")})`;
  const options = hash === null ? '' : ` \\\n    --hash sha256:${hash.toUpperCase()}`;
  return `# note\n\n  ${shouted} [ ${list} ] ${turned === '' ? '' : `( ${turned} )`}  ${quoted}${options}   # why`;
}

describe('the digest of requirements', () => {
  test('order, spelling of names, comments, blanks and line ends do not change it', async () => {
    await fc.assert(
      fc.asyncProperty(sets, fc.boolean(), async (set, windows) => {
        const other = [...set].reverse().map(fancy).join('\n');
        const text = windows ? other.replaceAll('\n', '\r\n') : other;
        expect(await digestOf(text)).toBe(await digestOf(set.map(plain).join('\n')));
      }),
    );
  });

  test('a version, marker, extra, hash or line more or less changes it', async () => {
    const change = fc.constantFrom<(first: Parts) => readonly Parts[]>(
      (first) => [{ ...first, clauses: [...first.clauses, '!=9.9'] }],
      (first) => [{ ...first, marker: 'sys_platform == "darwin"' }],
      (first) => [{ ...first, extras: [...first.extras, 'more'] }],
      (first) => [{ ...first, hash: first.hash === null ? 'b'.repeat(64) : null }],
      (first) => [{ ...first, name: `${first.name}q` }],
      (first) => [first, { ...first, name: 'one-more' }],
      () => [],
    );
    await fc.assert(
      fc.asyncProperty(sets, change, async (set, alter) => {
        const [first, ...rest] = set;
        if (first === undefined) {
          throw new Error('a set has one line at least');
        }
        const altered = [...alter(first), ...rest].map(plain).join('\n');
        expect(await digestOf(altered)).not.toBe(await digestOf(set.map(plain).join('\n')));
      }),
    );
  });

  test.each([
    ['an index', '--index-url https://a.invalid/simple'],
    ['one index more', '--extra-index-url https://a.invalid/simple'],
    ['a page of links', '--find-links https://a.invalid/page'],
    ['no index', '--no-index'],
    ['pre-releases', '--pre'],
    ['formats', '--no-binary numpy'],
  ])('%s changes it', async (_, line) => {
    expect(await digestOf(`numpy\n${line}`)).not.toBe(await digestOf('numpy'));
  });

  test('credentials do not change it, another host does', async () => {
    const index = (address: string) => digestOf(`--index-url ${address}`);
    expect(await index('https://me:secret@a.invalid/simple')).toBe(await index('https://a.invalid/simple'));
    expect(await index('https://b.invalid/simple')).not.toBe(await index('https://a.invalid/simple'));
  });

  test('the order of indexes changes it: the first that has a file wins', async () => {
    const lines = ['--extra-index-url https://a.invalid/simple', '--extra-index-url https://b.invalid/simple'];
    expect(await digestOf(lines.join('\n'))).not.toBe(await digestOf([...lines].reverse().join('\n')));
  });

  test('a constraint is not a requirement', async () => {
    const { set } = await readRequirements([], 'numpy<2', where, { cwd: '/project', environment: {} });
    const turned = { ...set, requirements: [], constraints: set.requirements };
    expect(requirementsDigest(turned, null)).not.toBe(requirementsDigest(set, null));
  });

  test('the content of a lock changes it, where it lies and its line ends do not', async () => {
    const { set } = await readRequirements([], '', where, { cwd: '/project', environment: {} });
    const at = (path: string, text: string): string => requirementsDigest({ ...set, pylock: path }, text);
    expect(at('/a/pylock.toml', 'x = 1\n')).toBe(at('/b/pylock.toml', 'x = 1\r\n'));
    expect(at('/a/pylock.toml', 'x = 1\n')).not.toBe(at('/a/pylock.toml', 'x = 2\n'));
  });

  test('is 64 lower-case hex digits and the same in every run', async () => {
    expect(await digestOf('')).toMatch(/^[0-9a-f]{64}$/);
    expect(await digestOf('numpy')).toBe(await digestOf('numpy'));
  });
});
