import { describe, expect, test } from '@jest/globals';
import { architectureSets, support } from '../../src/catalog/architectures.js';
import { needsOf, supportedPythons } from '../../src/catalog/releases.js';

describe('what a release needs undeclared', () => {
  const names = (version: string, python: string): string[] =>
    needsOf('cpu', version, python).map(({ name, specifier }) => name + specifier);

  test.each([
    ['2.6.2', '3.8.18', ['setuptools']],
    ['2.6.2.post112', '3.10.1', ['setuptools']],
    ['3.2.2', '3.13.0', ['setuptools']],
    ['3.3.1', '3.11.7', ['setuptools']],
    ['3.3.1', '3.12.1', []],
    ['3.4.0.dev20260901', '3.11.7', ['setuptools']],
    ['3.3.0.dev20251101', '3.12.1', []],
    ['2.5.2', '3.10.1', ['setuptools', 'numpy<2', 'protobuf<4']],
    ['3.0.0b2', '3.10.1', ['setuptools', 'numpy<2']],
    ['3.0.0rc1', '3.10.1', ['setuptools']],
  ])('%s on %s: %j', (version, python, expected) => {
    expect(names(version, python)).toEqual(expected);
  });

  test('Pythons that PaddlePaddle has', () => {
    expect(supportedPythons().slice(0, 6)).toEqual(['3.8', '3.9', '3.10', '3.11', '3.12', '3.13']);
  });
});

describe('GPU architectures', () => {
  const verdict = (device: string, os: string, capability: string): string[] =>
    architectureSets(device, os).map((set) => support(set, capability));

  test('code runs on the same major version from its minor version on', () => {
    expect(verdict('cu118', 'linux', '8.9').at(-1)).toBe('yes');
    expect(verdict('cu126', 'linux', '7.2').at(-1)).toBe('yes');
    expect(verdict('cu126', 'linux', '6.0').at(-1)).toBe('unconfirmed');
  });

  test.each([
    ['cu118', 'linux', '9.0', 'no'],
    ['cu126', 'linux', '12.0', 'no'],
    ['cu129', 'linux', '12.0', 'yes'],
    ['cu129', 'win32', '12.0', 'yes'],
    ['cu129', 'linux', '6.1', 'no'],
    ['cu130', 'linux', '6.1', 'no'],
    ['cu130', 'linux', '7.5', 'unconfirmed'],
    ['cu118', 'linux', '6.1', 'yes'],
  ])('newest %s on %s, capability %s: %s', (device, os, capability, expected) => {
    expect(verdict(device, os, capability).at(-1)).toBe(expected);
  });

  test('CUDA 12.9 before 3.2.0 knows no sm_120', () => {
    expect(verdict('cu129', 'linux', '12.0')[0]).toBe('no');
    expect(verdict('cu129', 'win32', '12.0')[0]).toBe('no');
  });
});
