import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkLock, type LockVerdict } from '../../src/lock/check-lock.js';
import type { LockedFile } from '../../src/values/lock.js';
import type { IndexFile, ProjectPage } from '../../src/values/source.js';

const hash = (digit: string): string => digit.repeat(64);

function locked(name: string, more: Partial<LockedFile> = {}): LockedFile {
  const filename = `${name}-1.0-py3-none-any.whl`;
  const rest = { kind: 'wheel', size: 10, hashOrigin: 'official', urls: [], requiresPython: null } as const;
  return { name, version: '1.0', filename, sha256: hash('a'), ...rest, ...more };
}

function listed({ filename, sha256, size }: LockedFile, more: Partial<IndexFile> = {}): IndexFile {
  const rest = { requiresPython: null, yanked: null, uploadTime: null, locations: [] };
  return { filename, sha256, size, hashOrigin: 'official', ...rest, ...more };
}

const page = (project: string, files: readonly IndexFile[]): ProjectPage => ({
  project,
  files,
  answered: files.length > 0 ? ['official'] : [],
  faults: [],
});

function check(
  files: readonly LockedFile[],
  index: readonly IndexFile[],
  unhashed: readonly string[] = [],
): Promise<LockVerdict> {
  const of = (project: string) => index.filter(({ filename }) => filename.startsWith(`${project}-`));
  return checkLock({ files, unhashed }, (project) => Promise.resolve(page(project, of(project))));
}

const [numpy, paddle] = [locked('numpy'), locked('paddlepaddle')];

describe('a lock that others could have written', () => {
  test('is confirmed where the indexes list each file with the same hash and length, or state none', async () => {
    expect(await check([numpy, paddle], [listed(numpy), listed(paddle)])).toEqual({ verdict: 'confirmed' });
    const silent = listed(paddle, { sha256: null, size: null });
    expect(await check([numpy, paddle], [listed(numpy), silent])).toEqual({ verdict: 'confirmed' });
  });

  test.each([
    ['another hash', [listed(numpy, { sha256: hash('b') }), listed(paddle)], 'has another hash on the index'],
    ['another length', [listed(numpy, { size: 11 }), listed(paddle)], 'has another length on the index'],
    [
      'another file',
      [listed(locked('numpy', { filename: 'numpy-2.whl' })), listed(paddle)],
      'no index that answers lists',
    ],
    ['a project that no index has', [listed(paddle)], 'no index that answers lists'],
  ])('with %s is refuted', async (_name, index, why) => {
    expect(await check([numpy, paddle], index)).toEqual({ verdict: 'refuted', why: expect.stringContaining(why) });
  });

  test('is not believed for a file of another machine or for something without a hash, even where no index answers', async () => {
    const local = locked('mine', { hashOrigin: 'local' });
    expect(await check([local], [])).toMatchObject({
      verdict: 'refuted',
      why: expect.stringContaining('another machine'),
    });
    const vcs = await check([numpy], [], ['evil @ git+https://code.example/evil']);
    expect(vcs).toMatchObject({ verdict: 'refuted', why: expect.stringContaining('has no hash') });
  });

  test('is unanswered where no index answers about any of it, in time', async () => {
    expect(await check([numpy, paddle], [])).toEqual({ verdict: 'unanswered', why: 'no index answers' });
    const never = () => new Promise<ProjectPage>(() => undefined);
    expect(await checkLock({ files: [numpy], unhashed: [] }, never, 20)).toMatchObject({ verdict: 'unanswered' });
    const half = (project: string) => (project === 'numpy' ? Promise.resolve(page('numpy', [listed(numpy)])) : never());
    expect(await checkLock({ files: [numpy, paddle], unhashed: [] }, half, 20)).toMatchObject({ verdict: 'refuted' });
  });

  test('is never confirmed with one wrong hash among any number of files', () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.nat(), async (count, at) => {
        const files = Array.from({ length: count }, (_, index) => locked(`p${index}`));
        const index = files.map((file, place) => listed(file, place === at % count ? { sha256: hash('c') } : {}));
        expect((await check(files, index)).verdict).toBe('refuted');
      }),
    ));
});
