import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readAnswer } from '../../src/runner/answer.js';
import { probeAnswer } from './support.js';

describe('the answer of a probe', () => {
  test('is found behind its marker, whatever else was printed before and after', () => {
    const noise = fc.string().filter((text) => !text.includes('paddle-mirror-setup-probe:'));
    fc.assert(
      fc.property(noise, noise, (before, after) => {
        expect(readAnswer(`${before}\n${probeAnswer()}\n${after}`)?.version).toBe('3.11.7');
      }),
    );
  });

  test('with a field missing or of another kind is none', () => {
    const fields = Object.keys(JSON.parse(probeAnswer().replace(/^[^{]*/, '')) as object);
    for (const field of fields) {
      expect(readAnswer(probeAnswer({ [field]: undefined }))).toBeNull();
      expect(readAnswer(probeAnswer({ [field]: 7.5 }))).toBeNull();
    }
    expect(readAnswer(probeAnswer({ pipSettings: { cert: 'x' } }))).toBeNull();
    expect(readAnswer(probeAnswer({ version: 'three' }))).toBeNull();
  });

  test('cut off at any place is none', () => {
    const whole = probeAnswer();
    fc.assert(fc.property(fc.nat(whole.length - 1), (length) => readAnswer(whole.slice(0, length)) === null));
  });
});
