import { describe, expect, test } from '@jest/globals';
import type { SourceFault } from '../../src/values/source.js';
import { listing, machine, page, request, wanted } from './machines.js';
import { failure } from './refused.js';

describe('no solution says what would be one', () => {
  test.each([
    [
      '==9.9.9',
      'No source lists paddlepaddle 9.9.9 for cpu. For Python 3.11 on this machine there are 3.3.1, 3.3.0, 3.2.2, ',
      'Write "paddle-version: 3.2.2".',
    ],
    ['==3.2.9', 'No source lists paddlepaddle 3.2.9 for cpu.', 'Write "paddle-version: 3.2.2".'],
    ['==2.9.0', 'No source lists paddlepaddle 2.9.0 for cpu.', 'Write "paddle-version: 2.6.2".'],
    [
      '==3.4.0',
      'No source lists paddlepaddle 3.4.0 for cpu, although it was published.',
      'Write "paddle-version: 3.2.2".',
    ],
    ['>=3.5,<3.6', 'No source lists paddlepaddle >=3.5,<3.6 for cpu.', 'Write "paddle-version: 3.2.2".'],
  ])('%s', (specifier, what, remedy) => {
    const { exitCode, problems } = failure(request(wanted(specifier)), machine());
    expect(exitCode).toBe(2);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.what).toContain(what);
    expect(problems[0]?.remedy).toBe(remedy);
  });

  test('a version without a file for this Python: which have it, and what this one could take', () => {
    const { problems } = failure(request(wanted('==3.3.1')), machine('linux-x64', { version: '3.8.18' }));
    expect(problems).toEqual([
      {
        where: 'paddle-version',
        what: 'paddlepaddle 3.3.1 has no file for Python 3.8 on this machine; it has some for Python 3.9 to 3.13.',
        remedy: 'Write "paddle-version: 3.0.0", the newest for Python 3.8 here, or use Python 3.13.',
      },
    ]);
  });

  test('a version without a file for this machine', () => {
    const { problems } = failure(request(wanted('==3.3.1')), machine('linux-arm64'));
    expect(problems[0]?.what).toContain('has no file for this machine (linux-aarch64), only for');
    expect(problems[0]?.remedy).toBe('Write "paddle-version: 3.2.2", the newest for Python 3.11 here.');
  });

  test('a source that did not answer is named where another one did', () => {
    const fault: SourceFault = {
      source: 'tuna',
      url: 'https://tuna.example/',
      kind: 'banned',
      detail: '403',
      remedy: null,
    };
    const pages = [...listing.pages, page('cpu', 'paddlepaddle', [], [fault])];
    expect(failure(request(wanted('==3.2.9')), machine(), { pages }).problems[0]?.what).toContain(
      '(tuna did not answer)',
    );
  });

  test('nothing listed at all', () => {
    expect(failure(request(), machine(), { pages: [] }).problems[0]?.remedy).toContain('mirrors: official');
    expect(failure(request({ device: 'dcu' }), machine()).problems[0]?.remedy).toContain('"paddle-index"');
  });
});
