import { expect, test } from '@jest/globals';
import { leaveOut } from './left-out.js';

test('what a test needs is a must in CI on Linux alone: nothing brings it to the machines of other systems', () => {
  expect(() => leaveOut('act on PATH', null, { ci: true, platform: 'linux' })).toThrow('CI needs act on PATH');
  for (const platform of ['darwin', 'win32'] as const) leaveOut('act on PATH', null, { ci: true, platform });
  leaveOut('act on PATH', null, { ci: false, platform: 'linux' });
});
