import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { listWheels } from '../../src/store/inventory.js';
import { openShop, type Shop } from '../e2e/shop.js';
import { tinyWheel } from '../install/tiny-wheel.js';
import { hasServer, keys, openBucketServer, type TestBucket } from '../store/s3/bucket.js';
import { type Machine, makeMachine } from '../support/machine.js';
import { setupHere, spoil, storeOf } from './in-process.js';

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
    bucket.meddle(null);
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

  /** What the bucket has beside leases: projects of wheels, and the name of a lock. */
  const stored = (): (string | undefined)[] =>
    bucket
      .keys()
      .filter((key) => !key.startsWith('leases/'))
      .map((key) => key.split('/').at(-1)?.split('-')[0])
      .sort();

  /** Leaves the question whether the bucket has a wheel unanswered until it has so many objects. Gives what these are. */
  function holdUntilStored(start: string, count: number): () => unknown {
    let seen: unknown = null;
    bucket.meddle(({ method, url = '' }, response) => {
      if (method !== 'HEAD' || !url.includes(`/${start}`) || seen !== null) return false;
      const until = Date.now() + 8_000;
      const look = setInterval(() => {
        if (stored().length < count && Date.now() < until) return;
        clearInterval(look);
        seen = stored();
        response.writeHead(404).end();
      }, 20);
      return true;
    });
    return () => seen;
  }

  test('that lacks one wheel of many gives the others, and the lock, before it has that one', async () => {
    await setupHere(machine, shop, { install: 'off' });
    const wheels = await listWheels(storeOf(machine));
    for (const wheel of wheels.filter(({ name }) => name.startsWith('numpy-'))) await wheel.drop();
    const seen = holdUntilStored('numpy-', 4);
    expect(await fill()).toMatchObject({ filesReused: 3, bucket: { filesStored: 4, leased: true } });
    expect(seen()).toEqual(['idna', 'paddlepaddle', 'pylock.toml', 'setuptools']);
    expect(bucket.keys().filter((key) => key.startsWith('leases/'))).toEqual([]);
  });

  test('gives no wheel whose bytes went wrong in the folder, and goes on storing', async () => {
    await setupHere(machine, shop, { install: 'off' });
    await spoil(machine, 'numpy-');
    expect(await fill()).toMatchObject({ bucket: { filesStored: 3, givenUp: null } });
    expect(stored()).toEqual(['idna', 'paddlepaddle', 'pylock.toml', 'setuptools']);
  });
});
