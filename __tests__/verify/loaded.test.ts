import { expect, test } from '@jest/globals';
import type { Answer } from '../../src/verify/answer.js';
import { findOldLibraries } from '../../src/verify/loaded.js';

const made: Answer = {
  ...{ version: '3.2.2', commit: null, compiledWithCuda: true, cuda: '12.6', cudnn: '9.5.1', nccl: '22602' },
  ...{ python: '3.11.7', distributions: [], devices: [], driver: null, checks: [], running: null, complete: true },
  libraries: [],
};

function warnings(name: string, version: string | null): string[] {
  return findOldLibraries({ ...made, libraries: [{ name, version, path: '/opt/lib.so' }] });
}

test.each([
  ['CUDA runtime', '12.4'],
  ['CUDA runtime', '11.8'],
  ['CUDA runtime', '13.0'],
  ['cuDNN', '8.9.7'],
  ['NCCL', '2.25.1'],
])('%s %s is loaded instead of what the build was made with: a warning names both and the file', (name, version) => {
  const [warning = '', ...more] = warnings(name, version);
  expect(more).toEqual([]);
  expect(warning).toContain(`${name} ${version} is loaded from /opt/lib.so`);
  expect(warning).toMatch(/made with (?:12\.6|9\.5\.1|2\.26\.2)\./);
});

test.each([
  ['CUDA runtime', '12.6'],
  ['CUDA runtime', '12.9'],
  ['cuDNN', '9.10.0'],
  ['NCCL', '2.26.2'],
  ['NCCL', null],
  ['oneDNN', '3.6.2'],
])('%s %s is none: newer of the same major version, or nothing to compare', (name, version) => {
  expect(warnings(name, version)).toEqual([]);
});
