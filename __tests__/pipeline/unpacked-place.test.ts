import { expect, test } from '@jest/globals';
import { chooseUnpacked } from '../../src/pipeline/unpacked-place.js';

const disk = (device: number) => ({ device: String(device), network: null });
const nfs = (device: number) => ({ device: String(device), network: 'NFS' });

test.each([
  ['in the cache, where that is on the file system of the environment', disk(1), disk(1), disk(1), 'own', false],
  ['in the cache, also where both are on one network file system', nfs(1), disk(2), nfs(1), 'own', false],
  [
    'in the runner’s own folder, where only that is on the file system of the environment',
    disk(1),
    disk(2),
    disk(2),
    'spare',
    false,
  ],
  ['in the cache and copied, where neither is', disk(1), disk(1), disk(3), 'own', true],
  ['on a disk of this machine and copied, where the cache is on the network', nfs(1), disk(2), disk(3), 'spare', true],
] as const)('unpacked files are %s', (_what, own, spare, target, where, copies) => {
  expect(chooseUnpacked(own, spare, target)).toEqual({ where, copies });
});
