import { describe, expect, test } from '@jest/globals';
import { openLanes } from '../../src/transfer/lanes.js';
import { createRoutes } from '../../src/transfer/routes.js';
import { createScout } from '../../src/transfer/scout.js';
import type { IndexFile } from '../../src/values/source.js';
import { quiet } from './setup.js';

const at = (source: string) => ({ source, url: `https://${source}.example/six.whl`, sha256: null, size: null });
const file: IndexFile = {
  filename: 'six-1.0-py3-none-any.whl',
  sha256: 'a'.repeat(64),
  hashOrigin: 'index',
  size: 10,
  requiresPython: null,
  yanked: null,
  uploadTime: null,
  locations: [at('official'), at('near')],
};

describe('who looks for more places of a file', () => {
  test.each([
    ['names the sources that refused it', ['near']],
    ['names none where they are only slow', []],
  ])('%s', async (_, refusing) => {
    const lanes = openLanes(() => undefined);
    const routes = createRoutes(file, lanes.lane);
    for (const route of routes) if (refusing.includes(route.location.source)) route.strikes = 1;
    const asked: (readonly string[])[] = [];
    await new Promise<void>((back) => {
      const more = (_file: IndexFile, failed: ReadonlySet<string>) => {
        asked.push([...failed]);
        return Promise.resolve([at('other')]);
      };
      createScout(file, routes, { more, log: quiet, lane: lanes.lane }, back).send();
    });
    expect(asked).toEqual([refusing]);
    expect(routes.map(({ location }) => location.source)).toEqual(['official', 'near', 'other']);
  });
});
