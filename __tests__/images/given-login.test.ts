import { expect, test } from '@jest/globals';
import { givenLogin } from '../../src/images/login.js';

const credentials = { username: 'reader', password: 'secret' };
const given = (origin: string) => [{ origin, credentials }];

test.each([
  ['harbor.example', 'https://harbor.example', true],
  ['harbor.example:443', 'https://harbor.example', true],
  ['harbor.example:8443', 'https://harbor.example:8443', true],
  ['harbor.example:8443', 'https://harbor.example', false],
  ['harbor.example', 'https://evil.harbor.example', false],
  ['[::1]:5000', 'http://[::1]:5000', true],
  ['docker.io', 'https://index.docker.io', true],
  ['docker.io', 'https://docker.io', true],
  ['docker.io', 'https://mirror.example', false],
  ['mirror.example', 'https://docker.io', false],
])('an image of %s is pulled with the line for %s: %p', (registry, origin, used) => {
  expect(givenLogin(registry, given(origin))).toEqual(used ? credentials : null);
});
