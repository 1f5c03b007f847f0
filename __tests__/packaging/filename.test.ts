import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseFilename } from '../../src/packaging/filename.js';
import { isName, normalise } from '../../src/packaging/name.js';

describe('names of distributions', () => {
  test('have one normal spelling, and that is its own', () => {
    expect(normalise('Paddle_PADDLE.-gpu')).toBe('paddle-paddle-gpu');
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}[A-Za-z0-9]$/), (name) => {
        expect(isName(name)).toBe(true);
        expect(normalise(normalise(name))).toBe(normalise(name));
        expect(normalise(name)).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/);
      }),
    );
  });

  test.each(['', '-a', 'a-', 'a b', 'pädel', 'a;b', 'a\n', 'a/b'])('%j is none', (text) => {
    expect(isName(text)).toBe(false);
  });
});

describe('file names of distributions', () => {
  test('a wheel tells name, version and tags', () => {
    expect(parseFilename('paddlepaddle_gpu-3.2.2-cp311-cp311-manylinux1_x86_64.whl')).toEqual({
      kind: 'wheel',
      name: 'paddlepaddle-gpu',
      version: '3.2.2',
      build: null,
      tags: ['cp311-cp311-manylinux1_x86_64'],
    });
  });

  test('compressed tag sets are expanded', () => {
    expect(parseFilename('six-1.16.0-py2.py3-none-any.whl')).toMatchObject({
      tags: ['py2-none-any', 'py3-none-any'],
    });
    expect(parseFilename('a-1-cp39-cp39-manylinux_2_17_x86_64.manylinux2014_x86_64.whl')).toMatchObject({
      tags: ['cp39-cp39-manylinux_2_17_x86_64', 'cp39-cp39-manylinux2014_x86_64'],
    });
  });

  test('a build number may carry letters', () => {
    expect(parseFilename('a-1.0-12abc-py3-none-any.whl')).toMatchObject({ build: { number: 12, suffix: 'abc' } });
  });

  test.each([
    ['paddlepaddle_gpu-3.0.0.post118-cp310-cp310-linux_x86_64.whl', 'paddlepaddle-gpu', '3.0.0.post118'],
    ['a-1.0+cu126-py3-none-any.whl', 'a', '1.0+cu126'],
    ['idna-3.10.tar.gz', 'idna', '3.10'],
    ['python-dateutil-2.9.0.post0.tar.gz', 'python-dateutil', '2.9.0.post0'],
    ['python_dateutil-2.9.0.post0.zip', 'python-dateutil', '2.9.0.post0'],
    ['backports.zoneinfo-0.2.1.tar.gz', 'backports-zoneinfo', '0.2.1'],
  ])('%s', (filename, name, version) => {
    expect(parseFilename(filename)).toMatchObject({ name, version });
  });

  test.each([
    'paddlepaddle-3.1.1.-cp310-cp310-macosx_11_0_arm64.whl',
    'a-1.0-py3-none.whl',
    'a-1.0-x1-py3-none-any.whl',
    'a-1.0-1-2-py3-none-any.whl',
    'a-1.0-py3-no ne-any.whl',
    'a-1.0-py3--any.whl',
    'a-1.0-py3-none-any.whl.metadata',
    'a-1.0.exe',
    'a-1.0.egg',
    'a.tar.gz',
    'index.html',
    '',
  ])('%j is none that an installer takes', (filename) => {
    expect(parseFilename(filename)).toBeNull();
  });

  test('any text is read without an error', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => [parseFilename(text), parseFilename(`${text}.whl`), parseFilename(`${text}.zip`)]).not.toThrow();
      }),
    );
  });
});
