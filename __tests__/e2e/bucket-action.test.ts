import { readdirSync, readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { hasServer, keys, openBucketServer, type TestBucket } from '../store/s3/bucket.js';
import { type Machine, makeMachine, repository } from '../support/machine.js';
import { type Step, startJob } from '../support/runner.js';
import { openShop, type Shop, withUv } from './shop.js';

/** Names of files below a folder that hold one of the words. */
function holding(folder: string, words: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true)
    .filter((file) => words.test(readFileSync(file, 'latin1')));
}

(hasServer() ? describe : describe.skip)('the action with a bucket', () => {
  let bucket: TestBucket;
  let machine: Machine;
  let shop: Shop;
  const secrets = new RegExp(`${keys.secretAccessKey.replace('+', '\\+')}|X-Amz|Signature=`);
  const tools = (): string => join(machine.home, 'tools');

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

  /** A job on a new machine, up to the end of its posts. Nothing secret may be left anywhere. */
  async function job(extra: Readonly<Record<string, string>> = {}): Promise<Step> {
    await rm(tools(), { recursive: true, force: true });
    const given = { AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey, ...extra };
    const place = { RUNNER_TOOL_CACHE: tools() };
    const runner = await startJob({ ...machine.environment, ...withUv(machine), ...place, ...given });
    const step = await runner.uses(repository, {
      python: machine.python,
      mirrors: shop.index.index,
      'paddle-index': shop.paddle.index,
      device: 'cpu',
      verify: 'import',
      venv: '.paddle',
      'cache-url': bucket.url,
    });
    expect([step.log, step.exitCode]).toEqual([step.log, 0]);
    expect((await runner.run('python', '-c', 'import paddle; print(paddle.__version__)')).log).toContain('3.');
    const left = [runner.workspace, runner.temp, machine.home].flatMap((folder) => holding(folder, secrets));
    const posts = await runner.end();
    expect(posts.map(({ exitCode }) => exitCode)).toEqual([0]);
    expect(left).toEqual([]);
    const { log, annotations, summary, outputs, environment, state } = step;
    expect(JSON.stringify([log, annotations, summary, outputs, environment, state, posts])).not.toMatch(secrets);
    return step;
  }

  test('fills it in the first job; the second, on an empty machine with every mirror dead, takes all from it', async () => {
    const first = await job();
    expect(first.outputs['cache-hit']).toBe('false');
    expect(first.summary).toMatch(/\d files &#40;.*&#41; stored/);
    await shop.close();
    const second = await job();
    expect(second.outputs['cache-hit']).toBe('true');
    expect(second.summary).toMatch(/s3&#58;\/\/wheels-test\/team .*read, nothing had to be stored/);
    expect(second.annotations.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('goes on from the mirrors where the keys end in the middle, and says so', async () => {
    await job();
    let reads = 0;
    bucket.meddle(({ method, url = '' }, response) => {
      reads += method === 'GET' && url.includes('/wheels/') ? 1 : 0;
      if (reads > 1) response.writeHead(403).end('<Error><Code>ExpiredToken</Code><Message>expired</Message></Error>');
      return reads > 1;
    });
    const before = shop.bytes();
    const step = await job();
    expect(shop.bytes()).toBeGreaterThan(before);
    expect(step.outputs['cache-hit']).toBe('false');
    expect(step.summary).toMatch(/\| Hit \| partial: .*downloaded/);
    expect(step.summary).toMatch(/\| Bucket \|.*given up: .*ExpiredToken/);
    expect(step.annotations).toContainEqual(
      expect.objectContaining({ level: 'warning', message: expect.stringContaining('Check the keys') }),
    );
  });
});
