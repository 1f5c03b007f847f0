import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createSecrets } from '../../src/report/secrets.js';

describe('a secret', () => {
  test('is hidden as it is, in an address and percent-encoded', () => {
    const secrets = createSecrets();
    secrets.add("p@ss'w/rd");
    const address = new URL('https://user@index.example/simple/');
    address.password = "p@ss'w/rd";
    const text = `p@ss'w/rd ${address} ${encodeURIComponent("p@ss'w/rd")}`;
    expect(secrets.hide(text)).toBe('*** https://user:***@index.example/simple/ ***');
  });

  test('that holds another one leaves nothing of itself behind', () => {
    const secrets = createSecrets();
    secrets.add('token');
    secrets.add('token-and-more');
    expect(secrets.hide('token-and-more')).toBe('***');
  });

  test('of one or two characters is left alone: hiding it would make everything unreadable', () => {
    const secrets = createSecrets();
    secrets.add('');
    secrets.add('ab');
    expect(secrets.hide('abcab')).toBe('abcab');
  });

  test('never shows, whatever it is made of', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 3, unit: 'grapheme' }), fc.string(), fc.string(), (secret, before, after) => {
        const secrets = createSecrets();
        secrets.add(secret);
        const address = new URL('http://user@host.invalid');
        address.password = secret;
        const said = secrets.hide(`${before}${secret}${after} ${address.password}`);
        // What is put in its place may itself hold a secret of stars.
        if (!'*** ***'.includes(secret) && !`${before}${after}`.includes(secret))
          expect(said.split('***').join('\n')).not.toContain(secret);
      }),
    );
  });
});
