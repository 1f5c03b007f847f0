import { expect, test } from '@jest/globals';
import { releases } from '../../src/catalog/releases.js';
import { believedPage } from '../../src/plan/believed.js';
import { decide, draft } from '../../src/plan.js';
import type { Request } from '../../src/values/request.js';
import recorded from '../catalog/fixtures/paddlepaddle.json' with { type: 'json' };
import { machine, request, wanted } from './machines.js';

const python = { kind: 'python' } as const;
const folder = { kind: 'paddle', channel: 'stable', folder: 'cpu' } as const;
const listing = {
  pages: [
    { origin: 'python', page: believedPage('paddlepaddle', python) },
    { origin: 'cpu', page: believedPage('paddlepaddle', folder) },
  ],
};
const versionFor = (asked: Request): string => decide(draft(asked, machine()), asked, machine(), listing).version;

test('where no index answers, a release that the index was seen to lack is taken by name alone', () => {
  const lacking = releases.filter(({ builds }) => builds.some((one) => one.devices.includes('cpu') && one.unlisted));
  expect(lacking.map(({ version }) => version)).toEqual(['3.4.0']);
  expect(recorded.files.some(({ filename }) => filename.startsWith('paddlepaddle-3.4.0'))).toBe(false);
  expect(versionFor(request({ device: 'cpu', ...wanted('<3.5') }))).toBe('3.2.2');
  expect(versionFor(request({ device: 'cpu', ...wanted('>=3.3,<3.5') }))).toBe('3.3.1');
  expect(versionFor(request({ device: 'cpu', ...wanted('==3.4.0') }))).toBe('3.4.0');
});
