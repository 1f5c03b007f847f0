import { describe, expect, test } from '@jest/globals';
import { differences } from '../../src/plan/differences.js';
import { decide, draft } from '../../src/plan.js';
import type { IndexFile, Listing, SourceFault } from '../../src/values/source.js';
import { file, listing, machine, request } from './machines.js';

const runner = machine('linux-x64');
const fresh = file('paddlepaddle-3.3.7-cp311-cp311-linux_x86_64.whl');
const fault: SourceFault = {
  source: 'x',
  url: 'https://x.invalid/',
  kind: 'timeout',
  detail: 'no answer',
  remedy: null,
};

/** What is told of the CPU build where the recorded pages of its project are changed. */
function told(change: (files: readonly IndexFile[]) => readonly IndexFile[], faults: readonly SourceFault[] = []) {
  const changed: Listing = {
    pages: listing.pages.map((one) =>
      one.page.project === 'paddlepaddle'
        ? { ...one, page: { ...one.page, files: change(one.page.files), faults } }
        : one,
    ),
  };
  const asked = request({ device: 'cpu' });
  const drawn = draft(asked, runner);
  const plan = decide(drawn, asked, runner, changed);
  const [candidate] = drawn.candidates;
  if (candidate === undefined) throw new Error('nothing was drawn');
  return differences(plan, candidate, changed, runner.interpreter);
}

describe('where the index and the catalogue disagree', () => {
  test('a release that the index alone has is told, and is not told of the other direction', () => {
    const before = told((files) => files);
    const after = told((files) => [...files, fresh]);
    expect(before.join()).not.toContain('3.3.7');
    expect(after).toContain('the index lists paddlepaddle 3.3.7 for cpu, which the catalogue does not know');
  });

  test('a release that no source lists any more is told', () => {
    const after = told((files) => files.filter(({ filename }) => !filename.includes('-3.2.1-')));
    expect(after.join()).toMatch(
      /the catalogue knows paddlepaddle [^a-z]*3\.2\.1[^a-z]* for cpu, which no source lists/,
    );
  });

  test('a pre-release of the index is no difference', () => {
    expect(told((files) => [...files, file('paddlepaddle-3.9.0rc1-cp311-cp311-linux_x86_64.whl')])).toEqual(
      told((files) => files),
    );
  });

  test('a source that failed proves nothing', () => {
    expect(told((files) => [...files, fresh], [fault])).toEqual([]);
  });
});
