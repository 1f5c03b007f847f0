import { describe, expect, test } from '@jest/globals';
import { encode, presignedUrl, sha256, signedHeaders } from '../../../src/store/s3/sign.js';
import type { S3Keys } from '../../../src/values/s3.js';

/** The keys, the day and the bucket of the examples in Amazon's description of Signature Version 4. */
const keys: S3Keys = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  sessionToken: null,
  expires: null,
};
const scope = { region: 'us-east-1', service: 's3' } as const;
const day = new Date('2013-05-24T00:00:00Z');
const bucket = 'https://examplebucket.s3.amazonaws.com';
const signatureOf = (text: string | undefined) => /Signature=([0-9a-f]{64})$/.exec(text ?? '')?.[1];

describe('a signature is the one that Amazon publishes for', () => {
  test('a ranged read', () => {
    const headers = { range: 'bytes=0-9' };
    const url = new URL(`${bucket}/test.txt`);
    const signed = signedHeaders({ method: 'GET', url, headers, payload: sha256('') }, keys, scope, day);
    expect(signatureOf(signed['authorization'])).toBe(
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    );
  });

  test('a write of a key with a character that has to be encoded', () => {
    const headers = { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' };
    const url = new URL(`${bucket}/${encode('test$file.text')}`);
    const payload = sha256('Welcome to Amazon S3.');
    const signed = signedHeaders({ method: 'PUT', url, headers, payload }, keys, scope, day);
    expect(signatureOf(signed['authorization'])).toBe(
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    );
  });

  test('an address that is good for a day', () => {
    expect(signatureOf(presignedUrl(new URL(`${bucket}/test.txt`), keys, scope, day, 86_400))).toBe(
      'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    );
  });
});

test('a session token goes along, in the header and in the address', () => {
  const session = { ...keys, sessionToken: 'token/with+signs=' };
  const url = new URL(`${bucket}/test.txt`);
  const signed = signedHeaders({ method: 'GET', url, headers: {}, payload: sha256('') }, session, scope, day);
  expect(signed).toMatchObject({ 'x-amz-security-token': 'token/with+signs=' });
  expect(signed['authorization']).toContain('x-amz-security-token');
  expect(presignedUrl(url, session, scope, day, 60)).toContain('X-Amz-Security-Token=token%2Fwith%2Bsigns%3D');
});
