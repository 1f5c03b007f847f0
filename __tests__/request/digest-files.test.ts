import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { requirementsDigest } from '../../src/request/digest.js';
import { readRequirements } from '../../src/request/files.js';

const root = mkdtempSync(path.join(tmpdir(), 'digest-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let projects = 0;

/** Lines of one role each. */
interface Meant {
  readonly requirements: readonly string[];
  readonly constraints: readonly string[];
}

/** How they are spread: where each file lies, which earlier file names it, and which file each line is in (all counted round). */
interface Layout {
  readonly files: readonly { readonly folder: string; readonly from: number; readonly equals: boolean }[];
  readonly lines: readonly number[];
  readonly lineEnd: string;
}

/** Writes the files of a project, and gives the digest of its `requirements.txt`. */
async function digestOf(files: Readonly<Record<string, string>>): Promise<string> {
  projects += 1;
  const cwd = path.join(root, String(projects));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(cwd, name)), { recursive: true });
    writeFileSync(path.join(cwd, name), text);
  }
  const where = { requirements: 'requirements', packages: 'packages' };
  const { set, problems } = await readRequirements(['requirements.txt'], '', where, { cwd, environment: {} });
  expect(problems).toEqual([]);
  return requirementsDigest(set, null);
}

const flat = ({ requirements, constraints }: Meant): Promise<string> =>
  digestOf({ 'requirements.txt': [...requirements, '-c limits.txt'].join('\n'), 'limits.txt': constraints.join('\n') });

/** The same lines in many files: requirements by `-r`, constraints by `-c`, each named by an earlier file of either kind. */
function nested({ requirements, constraints }: Meant, { files, lines, lineEnd }: Layout): Promise<string> {
  const spread = (kind: 'r' | 'c', own: readonly string[], first: { name: string; lines: string[] }[]) => {
    const written = [...first];
    for (const [at, { folder, from, equals }] of files.entries()) {
      const file = { name: path.posix.join(folder, `${kind}${at}.txt`), lines: [`# ${kind}${at}`] };
      const parent = written[from % written.length];
      const named = path.posix.relative(path.posix.dirname(parent?.name ?? ''), file.name);
      const long = kind === 'r' ? '--requirement' : '--constraint';
      parent?.lines.push(equals ? `${long}=${named}` : `-${kind} ${named}  # more`);
      written.push(file);
    }
    const places = kind === 'r' ? written : written.slice(first.length);
    for (const [at, line] of own.entries()) places[(lines[at % lines.length] ?? 0) % places.length]?.lines.push(line);
    return written;
  };
  const wanted = spread('r', requirements, [{ name: 'requirements.txt', lines: [] }]);
  const all = spread('c', constraints, wanted);
  return digestOf(Object.fromEntries(all.map((file) => [file.name, file.lines.join(lineEnd)])));
}

const lineOf = (name: string) =>
  fc
    .record({
      clause: fc.constantFrom('', '==1.0', '>=2,<3'),
      marker: fc.constantFrom('', ' ; os_name == "posix"'),
      hash: fc.constantFrom('', ` --hash=sha256:${'a'.repeat(64)}`),
    })
    .map(({ clause, marker, hash }) => `${name}${clause}${marker}${hash}`);
const linesOf = (...names: readonly string[]) =>
  fc.tuple(...names.map(lineOf)).chain((some) => fc.shuffledSubarray(some, { minLength: 1 }));
const meant: fc.Arbitrary<Meant> = fc.record({
  requirements: linesOf('a', 'b', 'c', 'd'),
  constraints: linesOf('x', 'y', 'a'),
});
const layout: fc.Arbitrary<Layout> = fc.record({
  files: fc.array(
    fc.record({ folder: fc.constantFrom('', 'sub', 'sub/deep', 'other'), from: fc.nat(9), equals: fc.boolean() }),
    {
      minLength: 1,
      maxLength: 4,
    },
  ),
  lines: fc.array(fc.nat(9), { minLength: 1, maxLength: 6 }),
  lineEnd: fc.constantFrom('\n', '\r\n', '\n\n'),
});

/** One change of meaning. */
const changes: Readonly<Record<string, (meant: Meant) => Meant>> = {
  'another version of a requirement': ({ requirements: [, ...rest], constraints }) => ({
    requirements: ['a==9', ...rest],
    constraints,
  }),
  'a requirement less': ({ requirements: [, ...rest], constraints }) => ({ requirements: rest, constraints }),
  'another version in a constraint': ({ requirements, constraints: [, ...rest] }) => ({
    requirements,
    constraints: ['x<9', ...rest],
  }),
  'a marker more in a constraint': ({ requirements, constraints }) => ({
    requirements,
    constraints: [...constraints, 'x ; os_name == "nt"'],
  }),
  'a constraint less': ({ requirements, constraints: [, ...rest] }) => ({ requirements, constraints: rest }),
  'a hash more': ({ requirements, constraints }) => ({
    requirements: [...requirements, `a==9 --hash=sha256:${'b'.repeat(64)}`],
    constraints,
  }),
  'a constraint turned requirement': ({ requirements, constraints: [first = '', ...rest] }) => ({
    requirements: [...requirements, `${first} `],
    constraints: rest,
  }),
};

describe('the digest of requirements on the disk', () => {
  test('does not depend on how files name one another, where they lie, or which of them holds a line', async () => {
    await fc.assert(
      fc.asyncProperty(meant, layout, async (lines, spread) => {
        expect(await nested(lines, spread)).toBe(await flat(lines));
      }),
      { numRuns: 60 },
    );
  });

  test.each(Object.entries(changes))('changes with %s, in whichever file it stands', async (_, change) => {
    await fc.assert(
      fc.asyncProperty(meant, layout, async (lines, spread) => {
        expect(await nested(change(lines), spread)).not.toBe(await flat(lines));
      }),
      { numRuns: 20 },
    );
  });

  test('a file that is named twice counts once, by each of its roles', async () => {
    const two = { 'requirements.txt': 'a\n-r b.txt\n-r sub/c.txt', 'sub/c.txt': '-r ../b.txt', 'b.txt': 'b<2' };
    expect(await digestOf(two)).toBe(await digestOf({ 'requirements.txt': 'b<2\na' }));
    expect(await digestOf({ ...two, 'sub/c.txt': '-c ../b.txt' })).not.toBe(await digestOf(two));
  });
});
