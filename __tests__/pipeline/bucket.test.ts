import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openShop, type Shop } from '../e2e/shop.js';
import { tinyWheel } from '../install/tiny-wheel.js';
import { hasServer, keys, openBucketServer, type TestBucket } from '../store/s3/bucket.js';
import { type Machine, makeMachine } from '../support/machine.js';
import { setupHere } from './in-process.js';

(hasServer() ? describe : describe.skip)('a run with a bucket', () => {
  let bucket: TestBucket;
  let machine: Machine;
  let shop: Shop;

  beforeAll(async () => {
    bucket = await openBucketServer();
  });
  afterAll(() => bucket.close());
  beforeEach(async () => {
    machine = await makeMachine();
    shop = await openShop();
  });
  afterEach(async () => {
    for (const key of bucket.keys()) bucket.remove(key);
    await Promise.all([shop.close(), machine.remove()]);
  });

  /** What is told of the cache by a run that fills it. */
  async function fill(inputs: Readonly<Record<string, string>> = {}) {
    const where = { cache: 's3', 'cache-url': bucket.url, install: 'off' };
    const credentials = { AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey };
    const { exitCode, report } = await setupHere(machine, shop, { ...where, ...inputs }, credentials);
    expect([report.problems, exitCode]).toEqual([[], 0]);
    return report.cache;
  }

  test('that is warm hits exactly also where one wheel is the user’s own, which stays where it is', async () => {
    const [[name = '', content = Buffer.alloc(0)] = []] = Object.entries(tinyWheel({ name: 'mine', version: '4.0' }));
    const packages = join(machine.work, name);
    await writeFile(packages, content);
    expect(await fill({ packages })).toMatchObject({ hit: 'miss', bucket: { filesStored: 4 } });
    expect(await fill({ packages })).toMatchObject({ hit: 'exact', filesReused: 4 });
  });

  test('asks it for nothing once it has all, also where two requests take turns on a machine', async () => {
    const requests = [{}, { packages: 'idna' }];
    for (const inputs of [...requests, ...requests]) await fill(inputs);
    const asked = bucket.requests.length;
    for (const inputs of [...requests, ...requests]) expect(await fill(inputs)).toMatchObject({ hit: 'exact' });
    expect(bucket.requests.slice(asked)).toEqual([]);
  });
});
