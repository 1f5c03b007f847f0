import { rmSync } from 'node:fs';
import { afterAll, describe, expect, test } from '@jest/globals';
import { createRefusals } from './refusals.js';

const { cwd, answer } = createRefusals({});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

describe('cache-url', () => {
  test.each([
    's3://wheels',
    's3://wheels/team/a?endpoint=http://127.0.0.1:9000',
    's3://wheels?endpoint=https://s3.example&region=eu-west-1&path-style=false',
  ])('%s is accepted', async (url) => {
    expect(await answer({ 'cache-url': url })).toEqual([]);
  });

  test.each([
    ['https://s3.example/wheels', /does not begin with `s3:\/\/`/],
    ['s3://No_Such/x', /"No_Such" is no name of a bucket/],
    ['s3://wheels?endpont=https://s3.example', /did you mean endpoint\?/],
    ['s3://wheels?endpoint=s3.example', /no http or https address/],
    ['s3://wheels?endpoint=https://s3.example/wheels', /endpoint has a path/],
    ['s3://wheels?path-style=yes', /allowed is true or false/],
    ['s3://wheels/a b', /it is no address/],
    ['s3://wheels?region=a&region=b', /region twice/],
  ])('%s is refused with the reason', async (url, reason) => {
    expect(await answer({ 'cache-url': url })).toEqual([expect.stringMatching(reason)]);
  });

  test('keys in it are refused and not printed', async () => {
    const told = [
      ...(await answer({ 'cache-url': 's3://id:topsecret@wheels/x' })),
      ...(await answer({ 'cache-url': 's3://wheels?endpoint=https://id:topsecret@s3.example' })),
    ].join('\n');
    expect(told).toMatch(/keys are taken from the environment[\s\S]*keys are taken from the environment/);
    expect(told).not.toContain('topsecret');
  });

  test('goes with cache: s3, which needs it', async () => {
    expect(await answer({ cache: 's3' })).toEqual([expect.stringMatching(/no bucket is named/)]);
    expect(await answer({ cache: 'github', 'cache-url': 's3://wheels' })).toEqual([
      expect.stringMatching(/names a bucket, but cache is github/),
    ]);
  });
});
