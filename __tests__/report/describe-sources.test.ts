import { describe, expect, test } from '@jest/globals';
import { describeSources } from '../../src/report/describe-sources.js';
import type { SourceReport } from '../../src/values/report.js';
import type { SourceFault } from '../../src/values/source.js';

const fault = (source: string, kind: SourceFault['kind'], remedy: string | null = null): SourceFault => ({
  source,
  url: `https://${source}.example/simple/`,
  kind,
  detail: `${source} said so`,
  remedy,
});
const source = (id: string, bytes: number, faults: readonly SourceFault[], origin = 'catalogue'): SourceReport => ({
  id,
  url: `https://${id}.example/`,
  origin,
  bytes,
  faults,
});

describe('what sources did', () => {
  test('is told for each by itself: what it served, and a fault of one kind once with how often and its remedy', () => {
    const faults = [fault('near', 'slow'), fault('near', 'slow', 'Try later.'), fault('near', 'refused')];
    expect(describeSources([source('near', 3_000_000, faults), source('far', 0, [])])).toEqual([
      {
        ids: 'near',
        origin: 'catalogue',
        did: '3.0 MB served; slow (2 times): near said so Try later.; refused: near said so',
      },
      { ids: 'far', origin: 'catalogue', did: 'no file served' },
    ]);
  });

  test('is told in one row of those that served nothing for one and the same reason, from three of them on', () => {
    const dead = ['a', 'b', 'c'].map((id) => source(id, 0, [fault(id, 'dns', 'Look at the name server.')]));
    const rows = describeSources([source('good', 1_000, []), ...dead]);
    expect(rows.map(({ ids }) => ids)).toEqual(['good', 'a, b, c']);
    expect(rows[1]?.did).toBe('no file served by any of these 3; dns, for one: a said so Look at the name server.');
    expect(describeSources(dead.slice(0, 2)).map(({ ids }) => ids)).toEqual(['a', 'b']);
  });

  test('keeps apart what failed in another way, what served something and what somebody else named', () => {
    const rows = describeSources([
      source('a', 0, [fault('a', 'dns')]),
      source('b', 0, [fault('b', 'dns')]),
      source('c', 5, [fault('c', 'dns')]),
      source('d', 0, [fault('d', 'dns'), fault('d', 'refused')]),
      source('e', 0, [fault('e', 'refused')]),
      source('f', 0, [fault('f', 'dns')], 'mirrors'),
    ]);
    expect(rows).toHaveLength(6);
  });
});
