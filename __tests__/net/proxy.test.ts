import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isLoopback, noProxyCovers, proxyFor } from '../../src/net/proxy.js';

const network = {
  httpsProxy: 'http://secure.example:3128',
  httpProxy: 'plain.example:8080',
  noProxy: [] as string[],
  caFiles: [],
};
const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const domain = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => `${labels.join('.')}.example`);

describe('the proxy of an address', () => {
  test('is the one for its scheme, and http where it was written without a scheme', () => {
    expect(proxyFor(new URL('https://a.example/'), network)).toBe('http://secure.example:3128');
    expect(proxyFor(new URL('http://a.example/'), network)).toBe('http://plain.example:8080');
  });

  test.each([
    'http://localhost/',
    'http://LOCALHOST:8080/',
    'http://x.localhost/',
    'http://127.0.0.1:3141/',
    'http://127.1/',
    'http://2130706433/',
    'http://[::1]:80/',
    'http://[::ffff:127.0.0.1]/',
    'https://localhost./',
  ])('is none for %s', (url) => {
    expect(proxyFor(new URL(url), network)).toBeNull();
  });

  test.each([
    ['*', 'any.example', 80, true],
    ['a.example', 'a.example', 80, true],
    ['a.example', 'b.a.example', 80, true],
    ['a.example', 'ba.example', 80, false],
    ['.a.example', 'a.example', 80, true],
    ['*.a.example', 'b.a.example', 80, true],
    ['A.Example', 'a.EXAMPLE', 80, true],
    ['a.example:8080', 'a.example', 8080, true],
    ['a.example:8080', 'a.example', 80, false],
    ['10.0.0.0/8', '10.1.2.3', 80, true],
    ['10.0.0.0/8', '11.1.2.3', 80, false],
    ['10.0.0.0/8', 'ten.example', 80, false],
    ['10.0.0.0/33', '10.1.2.3', 80, false],
    ['fd00::/8', '[fd12::1]', 80, true],
    ['[::2]:80', '[::2]', 80, true],
    ['::2', '[::2]', 80, true],
    ['192.168.1.4', '192.168.1.4', 443, true],
    ['2.3.4', '1.2.3.4', 443, false],
    ['', 'a.example', 80, false],
    ['.', 'a.example', 80, false],
  ] as const)('with NO_PROXY %s for %s:%d: direct is %s', (entry, host, port, covered) => {
    expect(noProxyCovers(entry, host, port)).toBe(covered);
  });

  test('is none for any host under a domain of NO_PROXY, also where entries share one line', () => {
    fc.assert(
      fc.property(domain, label, fc.constantFrom('', '.', '*.'), (host, sub, prefix) => {
        const noProxy = [`unrelated.invalid, ${prefix}${host}`];
        expect(proxyFor(new URL(`https://${sub}.${host}/`), { ...network, noProxy })).toBeNull();
        expect(proxyFor(new URL(`https://${sub}${host}/`), { ...network, noProxy })).not.toBeNull();
      }),
    );
  });

  test('never fails on any text in NO_PROXY', () => {
    fc.assert(fc.property(fc.string(), domain, (entry, host) => typeof noProxyCovers(entry, host, 443) === 'boolean'));
  });
});

test('a domain is never loopback by its first label', () => {
  fc.assert(fc.property(domain, (host) => !isLoopback(host) && !isLoopback(`localhost.${host}`)));
});
