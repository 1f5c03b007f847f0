import { describe, expect, test } from '@jest/globals';
import { readRequiresPython } from '../../src/packaging/requires-python.js';
import { satisfies } from '../../src/packaging/version.js';

describe('what a file says of the Pythons that it takes', () => {
  test.each([
    ['>=3.8', '>=3.8'],
    ['>=2.7, !=3.0.*', '>=2.7, !=3.0.*'],
    ['>=3.6.*', '>=3.6'],
    ['>=3.7,', '>=3.7'],
    [' >= 3.6.* , <4,', '>=3.6,<4'],
    ['!=3.0.*,>=2.6.*,', '!=3.0.*,>=2.6'],
  ])('(%j) is read as pip and uv read it', (written, read) => {
    expect(readRequiresPython(written)).toBe(read);
    expect(satisfies('3.11.7', read)).toBe(true);
  });

  test.each([null, '', ' ', ',', 'python 3', '>=three'])('(%j) restricts nothing', (written) => {
    expect(readRequiresPython(written)).toBeNull();
  });
});
