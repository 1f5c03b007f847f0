import { describe, expect, test } from '@jest/globals';
import { foresee } from '../../src/lock/foresee.js';
import { markerEnvironment } from '../../src/packaging/marker-environment.js';
import { parseRequirement } from '../../src/packaging/requirement.js';
import { Failure } from '../../src/values/failure.js';
import type { IndexFile, ProjectPage } from '../../src/values/source.js';
import { machine } from '../plan/machines.js';

const { interpreter } = machine();

function listed(filename: string): IndexFile {
  const rest = { requiresPython: null, yanked: null, uploadTime: null, size: 1, locations: [] };
  return { filename, sha256: '0'.repeat(64), hashOrigin: 'official', ...rest };
}

/** An index: project → file name → what its METADATA requires. */
type Index = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

interface Walk {
  readonly files: readonly string[] | null;
  readonly pages: readonly string[];
  /** Names of the files whose metadata was read, in order. */
  readonly read: readonly string[];
}

async function walk(index: Index, requirements: readonly string[], constraints: readonly string[] = []): Promise<Walk> {
  const [pages, read]: [string[], string[]] = [[], []];
  const files = await foresee({
    requirements: requirements.map((line) => parseRequirement(line, 'packages')),
    constraints: constraints.map((line) => parseRequirement(line, 'constraints')),
    page: (project): Promise<ProjectPage> => {
      pages.push(project);
      const own = Object.keys(index[project] ?? {}).map(listed);
      return Promise.resolve({ project, files: own, answered: ['official'], faults: [] });
    },
    metadata: ({ filename }) => {
      read.push(filename);
      const requires = Object.values(index).flatMap((files) => files[filename] ?? []);
      const lines = [
        'Metadata-Version: 2.1',
        'Name: x',
        ...requires.map((line) => `Requires-Dist: ${line}`),
        '',
        'Text',
      ];
      return Promise.resolve(Buffer.from(lines.join('\n')));
    },
    interpreter,
    environment: markerEnvironment(interpreter),
    preReleases: false,
    formats: [],
  });
  return { files: files?.map(({ filename }) => filename).sort() ?? null, pages, read };
}

const wheel = (name: string, version: string): string => `${name}-${version}-py3-none-any.whl`;

describe('what will be installed is foreseen', () => {
  test('by the newest version that every line allows, and what that one requires', async () => {
    const index: Index = {
      a: { [wheel('a', '1.0')]: [], [wheel('a', '2.0')]: ['b>=1', 'c; python_version < "3"'] },
      b: { [wheel('b', '1.5')]: [], [wheel('b', '2.0')]: [], [wheel('b', '3.0rc1')]: [] },
      c: { [wheel('c', '1.0')]: [] },
    };
    expect(await walk(index, ['a'])).toEqual({
      files: [wheel('a', '2.0'), wheel('b', '2.0')],
      pages: ['a', 'b'],
      read: [wheel('a', '2.0'), wheel('b', '2.0')],
    });
    expect((await walk(index, ['a', 'b<2'])).files).toEqual([wheel('a', '2.0'), wheel('b', '1.5')]);
    expect((await walk(index, ['a'], ['b<2'])).files).toEqual([wheel('a', '2.0'), wheel('b', '1.5')]);
  });

  test('with the dependencies of an extra, also where the extra is asked for later', async () => {
    const index: Index = {
      a: { [wheel('a', '1.0')]: ['more; extra == "x"'] },
      b: { [wheel('b', '1.0')]: ['a[x]'] },
      more: { [wheel('more', '1.0')]: [] },
    };
    const all = [wheel('a', '1.0'), wheel('b', '1.0'), wheel('more', '1.0')];
    expect((await walk(index, ['a', 'b'])).files).toEqual(all);
    expect((await walk(index, ['a'])).files).toEqual([wheel('a', '1.0')]);
  });

  test('in a circle too', async () => {
    const index: Index = { a: { [wheel('a', '1.0')]: ['b'] }, b: { [wheel('b', '1.0')]: ['a'] } };
    expect((await walk(index, ['a'])).files).toEqual([wheel('a', '1.0'), wheel('b', '1.0')]);
  });

  test('asking side by side: the pages of one level do not wait for each other', async () => {
    const index: Index = {
      a: { [wheel('a', '1.0')]: ['b', 'c', 'd'] },
      ...Object.fromEntries(['b', 'c', 'd'].map((name) => [name, { [wheel(name, '1.0')]: [] }])),
    };
    const { pages } = await walk(index, ['a']);
    expect(pages).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('nothing is certain', () => {
  test.each<[string, Index, string[]]>([
    [
      'where requirements contradict each other',
      { a: { [wheel('a', '1.0')]: ['b<1'] }, b: { [wheel('b', '2.0')]: [] } },
      ['a', 'b'],
    ],
    [
      'where a later line leaves another version than the one picked',
      { a: { [wheel('a', '1.0')]: [], [wheel('a', '2.0')]: [] }, b: { [wheel('b', '1.0')]: ['a<2'] } },
      ['a', 'b'],
    ],
    ['where a project is not there', { a: { [wheel('a', '1.0')]: ['gone'] } }, ['a']],
    ['where only a source distribution would do', { a: { 'a-1.0.tar.gz': [] } }, ['a']],
    [
      'where a line is a link',
      { a: { [wheel('a', '1.0')]: [] } },
      ['a', 'b @ https://host.example/b-1.0-py3-none-any.whl'],
    ],
    ['where metadata is not to be read', { a: { [wheel('a', '1.0')]: ['b ==='] } }, ['a']],
  ])('%s', async (_name, index, lines) => {
    expect((await walk(index, lines)).files).toBeNull();
  });

  test('where a source fails, and the resolver is left to tell it', async () => {
    const failing = foresee({
      requirements: [parseRequirement('a', 'packages')],
      constraints: [],
      page: () => Promise.resolve({ project: 'a', files: [listed(wheel('a', '1.0'))], answered: [], faults: [] }),
      metadata: () => Promise.reject(new Failure(1, [])),
      interpreter,
      environment: markerEnvironment(interpreter),
      preReleases: false,
      formats: [],
    });
    expect(await failing).toBeNull();
  });
});
