import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { tinyWheel } from '../install/tiny-wheel.js';
import { freePort, hasServer, keys, openBucketServer, type TestBucket } from '../store/s3/bucket.js';
import { type Machine, makeMachine } from '../support/machine.js';
import { openShop, type Shop, setup, withUv } from './shop.js';

const credentials = { AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey };

(hasServer() ? describe : describe.skip)('a bucket that machines share', () => {
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

  /** A run on a machine with nothing in its cache and no environment yet. */
  async function fresh(name: string, options: readonly string[] = [], extra: Readonly<Record<string, string>> = {}) {
    await rm(join(machine.work, 'env'), { recursive: true, force: true });
    const folder = ['--cache-path', join(machine.home, name), '--venv', 'env'];
    const where = ['--cache', 's3', '--cache-url', bucket.url].filter((_, at, all) => {
      const option = all[at - (at % 2)] ?? '';
      return !options.includes(option);
    });
    return setup(machine, shop, [...where, ...folder, ...options], { ...credentials, ...extra });
  }

  async function fill(): Promise<void> {
    const first = await fresh('first');
    expect([first.stderr, first.exitCode]).toEqual([first.stderr, 0]);
  }

  const locks = (): string[] => bucket.keys().filter((key) => key.startsWith('locks/'));
  const wheels = (): string[] => bucket.keys().filter((key) => key.startsWith('wheels/'));

  test('is filled by the first machine; the next one takes everything from it, with the network switched off', async () => {
    const first = await fresh('first');
    expect([first.stderr, first.exitCode]).toEqual([first.stderr, 0]);
    expect(first.report.cache).toMatchObject({ bucket: { filesStored: wheels().length, readOnly: null } });
    expect(locks()).toHaveLength(1);
    expect(bucket.keys().filter((key) => key.startsWith('leases/'))).toEqual([]);

    await shop.close();
    const second = await fresh('second');
    expect([second.stderr, second.exitCode]).toEqual([second.stderr, 0]);
    expect(second.report.cache).toMatchObject({ hit: 'exact', bytesDownloaded: 0, bucket: { filesStored: 0 } });
    expect(second.report.lock.resolved).toBe(false);
    expect(second.stderr).toContain('no index answers. It is used as it is.');

    const asked = bucket.requests.length;
    await rm(join(machine.work, 'env'), { recursive: true, force: true });
    const warm = await fresh('second');
    expect(warm.exitCode).toBe(0);
    expect(bucket.requests.slice(asked)).toEqual([]);
    const told = [first, second, warm].map(({ stdout, stderr }) => stdout + stderr).join('\n');
    expect(told).not.toMatch(/X-Amz|Signature=/);
    expect(told).not.toContain(keys.secretAccessKey);
  });

  test('is not written by a pull request from a fork, which says why, and read by it all the same', async () => {
    const event = join(machine.home, 'event.json');
    await writeFile(event, '{"pull_request":{"head":{"repo":{"full_name":"stranger/project"}}}}');
    const fork = { GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: event, GITHUB_REPOSITORY: 'org/project' };
    const cold = await fresh('fork', [], fork);
    expect(cold.exitCode).toBe(0);
    expect(bucket.keys()).toEqual([]);
    expect(cold.stderr).toMatch(/Nothing is stored in s3:.*the pull request comes from the fork stranger\/project/);
    expect(cold.report.cache).toMatchObject({
      bucket: { readOnly: 'the pull request comes from the fork stranger/project' },
    });

    await fill();
    const before = bucket.keys();
    const served = shop.bytes();
    const next = await fresh('fork2', [], fork);
    expect(next.exitCode).toBe(0);
    expect(shop.bytes()).toBe(served);
    expect(bucket.keys()).toEqual(before);
    expect((await fresh('kept', ['--cache-write', 'never'])).report.cache).toMatchObject({
      bucket: { readOnly: 'cache-write is never' },
    });
  });

  /** Changes the lock of a filled bucket behind everybody's back, beside a wheel that agrees with it. */
  async function poison(change: (lock: string, right: string, evil: string) => string): Promise<void> {
    await fill();
    const wheel = tinyWheel({ name: 'numpy', version: '2.2.0', members: { 'numpy.py': "__version__ = 'evil'\n" } });
    const [[filename = '', content = Buffer.alloc(0)] = []] = Object.entries(wheel);
    const evil = createHash('sha256').update(content).digest('hex');
    const right =
      wheels()
        .find((key) => key.includes('/numpy-'))
        ?.split('/')[1] ?? '';
    const [key = ''] = locks();
    const lock = await readFile(join(bucket.folder, key), 'utf8');
    const poisoned = change(lock, right, evil);
    expect(poisoned).not.toBe(lock);
    bucket.plant(key, poisoned);
    bucket.plant(`wheels/${evil}/${filename}`, content);
  }

  test.each<[string, (lock: string, right: string, evil: string) => string, RegExp]>([
    ['a file of another hash', (lock, right, evil) => lock.replaceAll(right, evil), /numpy-\S+ has another hash/],
    [
      'a project that no index has',
      (lock, _right, evil) =>
        `${lock}\n[[packages]]\nname = "evil-numpy"\nversion = "2.2.0"\n[[packages.wheels]]\nname = "evil_numpy-2.2.0-py3-none-any.whl"\nurl = "${shop.index.url}/evil_numpy-2.2.0-py3-none-any.whl"\nhashes = { sha256 = "${evil}" }\n`,
      /no index that answers lists evil_numpy/,
    ],
    ['text that is no lock', () => 'no lock\n', /Resolve|resolv/],
  ])(
    'a lock in it with %s costs time: the right bytes are installed, and it is replaced',
    async (_name, change, said) => {
      await poison(change);
      const run = await fresh('victim');
      expect([run.stderr, run.exitCode]).toEqual([run.stderr, 0]);
      expect(run.stdout + run.stderr).toMatch(said);
      expect(run.report.lock.resolved).toBe(true);
      const python = join(machine.work, 'env', 'bin', 'python');
      expect(execFileSync(python, ['-c', 'import numpy; print(numpy.__version__)'], { encoding: 'utf8' })).toBe(
        '2.2.0\n',
      );
      const [key = ''] = locks();
      const lock = await readFile(join(bucket.folder, key), 'utf8');
      expect(lock).toContain('numpy-2.2.0');
      expect(lock).not.toContain('evil');
    },
  );

  test('that can’t be used is said with what to do, and the run goes on', async () => {
    const { port } = new URL(bucket.place.endpoint ?? '');
    const dead = await freePort();
    const cases: readonly (readonly [string, string[], Record<string, string>, RegExp])[] = [
      ['wrong keys', [], { AWS_SECRET_ACCESS_KEY: 'another-secret' }, /SignatureDoesNotMatch.*Check the keys/s],
      [
        'no keys',
        [],
        { AWS_ACCESS_KEY_ID: '', AWS_EC2_METADATA_DISABLED: 'true' },
        /no keys were found.*AWS_ACCESS_KEY_ID/s,
      ],
      [
        'no bucket',
        ['--cache-url', `s3://not-there/x?endpoint=http://127.0.0.1:${port}`],
        {},
        /NoSuchBucket.*Make the bucket/s,
      ],
      [
        'no server',
        ['--cache-url', `s3://wheels-test/x?endpoint=http://127.0.0.1:${dead}`],
        {},
        /not read any further.*127\.0\.0\.1/s,
      ],
    ];
    for (const [name, options, extra, said] of cases) {
      const run = await fresh('again', options, extra);
      expect([name, run.stderr, run.exitCode]).toEqual([name, run.stderr, 0]);
      expect(run.stdout + run.stderr).toMatch(said);
      expect(run.stdout + run.stderr).not.toContain('another-secret');
      await rm(join(machine.home, 'again'), { recursive: true, force: true });
    }
  });

  test.each([
    [`s3://key:${keys.secretAccessKey.slice(0, 11)}@bucket/x`],
    ['s3://bucket/x?endpoint=nowhere&pathstyle=true'],
  ])('whose address is wrong (%s) is refused before anything is changed', async (url) => {
    const before = await machine.files();
    const run = await machine.cli(['setup', '--python', machine.python, '--cache', 's3', '--cache-url', url], {
      ...withUv(machine),
    });
    expect([run.stderr, run.exitCode]).toEqual([expect.stringContaining('cache-url'), 2]);
    expect(run.stderr).not.toContain('test-secret');
    expect(await machine.files()).toEqual(before);
  });
});
