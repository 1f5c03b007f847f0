import { describe, expect, test } from '@jest/globals';
import { bestWheel, compatibleTags, type TagEnvironment } from '../../src/packaging/tags.js';
import { askPython, describePython, findPythons } from './pythons.js';

const program = `
import json
from pip._internal.utils.compatibility_tags import get_supported
print(json.dumps([str(tag) for tag in get_supported()]))`;

const linux: TagEnvironment = {
  implementation: 'cpython',
  version: '3.11.7',
  freeThreaded: false,
  platform: 'linux-x86_64',
  bits: 64,
  glibc: '2.36',
  musl: null,
  macos: null,
};

/** The tags that packaging.tags gives for a platform that this machine is not. */
function packagingTags(platforms: string, minor: number): unknown {
  return askPython(
    findPythons()[0],
    `
import itertools, json
from pip._vendor.packaging import tags, _musllinux
platforms = list(${platforms})
v = (3, ${minor})
every = itertools.chain(
    tags.cpython_tags(v, abis=['cp3${minor}'], platforms=platforms),
    tags.compatible_tags(v, interpreter='cp3${minor}', platforms=platforms))
print(json.dumps([str(tag) for tag in every]))`,
  );
}

describe('compatibility tags', () => {
  test.each(findPythons())("%s: the same list, in the same order, as its own pip's", (python) => {
    expect(compatibleTags(describePython(python))).toEqual(askPython(python, program));
  });

  test.each([
    ['macosx-11.0-arm64', { version: '14.5', machine: 'arm64' }, "tags.mac_platforms((14, 5), 'arm64')"],
    ['macosx-10.9-universal2', { version: '13.0', machine: 'x86_64' }, "tags.mac_platforms((13, 0), 'x86_64')"],
    ['macosx-10.9-x86_64', { version: '10.15.7', machine: 'x86_64' }, "tags.mac_platforms((10, 15), 'x86_64')"],
    ['win-amd64', null, "['win_amd64']"],
    ['win32', null, "['win32']"],
  ])('%s %j: as packaging.tags says for that platform', (platform, macos, platforms) => {
    expect(compatibleTags({ ...linux, platform, macos, glibc: null })).toEqual(packagingTags(platforms, 11));
  });

  test('aarch64 begins with the level of its glibc and ends with 2.17', () => {
    const tags = compatibleTags({ ...linux, platform: 'linux-aarch64', glibc: '2.28' });
    expect(tags[0]).toBe('cp311-cp311-manylinux_2_28_aarch64');
    expect(tags).toContain('cp311-cp311-manylinux2014_aarch64');
    expect(tags.some((tag) => tag.includes('manylinux_2_16_') || tag.includes('manylinux1_'))).toBe(false);
  });

  test('a 32-bit interpreter on a 64-bit kernel takes i686 wheels', () => {
    const tags = compatibleTags({ ...linux, bits: 32 });
    expect(tags).toContain('cp311-cp311-manylinux2014_i686');
    expect(tags.some((tag) => tag.endsWith('x86_64'))).toBe(false);
  });

  test('on musl there are musllinux tags and none of manylinux', () => {
    const tags = compatibleTags({ ...linux, glibc: null, musl: '1.2' });
    expect(tags.slice(0, 3)).toEqual([
      'cp311-cp311-musllinux_1_2_x86_64',
      'cp311-cp311-musllinux_1_1_x86_64',
      'cp311-cp311-musllinux_1_0_x86_64',
    ]);
    expect(tags.some((tag) => tag.includes('manylinux'))).toBe(false);
  });

  test('a free-threaded interpreter takes cp313t and no abi3', () => {
    const tags = compatibleTags({ ...linux, version: '3.13.0', freeThreaded: true });
    expect(tags[0]).toBe('cp313-cp313t-manylinux_2_36_x86_64');
    expect(tags.some((tag) => tag.includes('abi3'))).toBe(false);
  });

  test('another implementation takes pure wheels alone', () => {
    const tags = compatibleTags({ ...linux, implementation: 'pypy', version: '3.10.14' });
    expect(tags.every((tag) => tag.startsWith('py3'))).toBe(true);
    expect(tags).toContain('py3-none-any');
  });
});

describe('the wheel that an installer takes', () => {
  const tags = compatibleTags(linux);
  const pick = (...names: string[]): string | undefined =>
    bestWheel(
      names.map((filename) => ({ filename })),
      tags,
    )?.filename;

  test('the most preferred tag wins, not the order of the page', () => {
    expect(
      pick(
        'a-1-py3-none-any.whl',
        'a-1-cp311-cp311-manylinux1_x86_64.whl',
        'a-1-cp311-cp311-manylinux_2_28_x86_64.whl',
      ),
    ).toBe('a-1-cp311-cp311-manylinux_2_28_x86_64.whl');
  });

  test('abi3 of an older Python beats a pure wheel', () => {
    expect(pick('a-1-py3-none-any.whl', 'a-1-cp38-abi3-manylinux2014_x86_64.whl')).toBe(
      'a-1-cp38-abi3-manylinux2014_x86_64.whl',
    );
  });

  test('of equal tags the higher build number wins, as a number', () => {
    expect(pick('a-1-py3-none-any.whl', 'a-1-9-py3-none-any.whl', 'a-1-10-py3-none-any.whl')).toBe(
      'a-1-10-py3-none-any.whl',
    );
  });

  test('another platform, another Python, a newer glibc, an sdist: none', () => {
    expect(
      pick(
        'a-1-cp311-cp311-win_amd64.whl',
        'a-1-cp310-cp310-manylinux1_x86_64.whl',
        'a-1-cp311-cp311-manylinux_2_39_x86_64.whl',
        'a-1.tar.gz',
      ),
    ).toBeUndefined();
  });
});
