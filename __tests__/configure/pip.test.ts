import { describe, expect, test } from '@jest/globals';
import { pipVariables, pipWish } from '../../src/configure/pip.js';
import type { PipSetting } from '../../src/values/interpreter.js';
import type { Source } from '../../src/values/source.js';

const official = 'https://official.example/simple';
const mirror: Source = {
  id: 'campus',
  kind: 'python',
  url: 'https://campus.example/simple/',
  credentials: null,
  connections: 4,
  group: 'campus',
  origin: 'catalogue',
};

function told(
  settings: Readonly<Record<string, string>>,
  chosen: Source | null = mirror,
  served = true,
): { readonly variables: Readonly<Record<string, string>>; readonly why: string } {
  const pipSettings = Object.fromEntries(
    Object.entries(settings).map(([name, value]): [string, PipSetting] => [name, { value, origin: '/etc/pip.conf' }]),
  );
  const interpreter = { pipSettings, officialIndex: { url: official, origin: 'pip' } };
  const wish = pipWish({ interpreter, chosen, served, isPublic: (url) => /official|campus|other-mirror/.test(url) });
  return { variables: pipVariables(wish), why: wish.why };
}

const patience = { PIP_DEFAULT_TIMEOUT: '60' };

describe('the pip of later steps', () => {
  test('is told of the chosen mirror and of nothing else', () => {
    expect(told({ cert: '/ca.pem', timeout: '60', 'extra-index-url': 'https://private.example/simple' })).toEqual({
      variables: { PIP_INDEX_URL: mirror.url },
      why: "Later steps' pip uses campus, which served this run.",
    });
  });

  test('is told so too where another public mirror was configured', () => {
    expect(told({ 'index-url': 'https://other-mirror.example/simple' }).variables).toEqual({
      PIP_INDEX_URL: mirror.url,
      ...patience,
    });
  });

  test.each([
    ['it already uses the chosen one', { 'index-url': 'https://campus.example/simple' }, mirror, /already uses campus/],
    [
      'the official index served, which it uses anyway',
      {},
      { ...mirror, id: 'official', url: `${official}/` },
      /already uses official/,
    ],
    [
      'a private index is configured',
      { 'index-url': 'https://nexus.example/simple' },
      mirror,
      /keeps the index of \/etc\/pip\.conf/,
    ],
    ['it is told to use none', { 'no-index': 'true' }, mirror, /no index \(\/etc\/pip\.conf\)/],
    [
      'the chosen one needs a password',
      {},
      { ...mirror, credentials: { username: 'u', password: 'p' } },
      /credentials/,
    ],
    ['the chosen one speaks plain http', {}, { ...mirror, url: 'http://campus.example/simple/' }, /plain http/],
    ['no index was used', {}, null, /keeps its own/],
  ])('is left alone where %s', (_title, settings, chosen, why) => {
    const { variables, why: reason } = told(settings as Record<string, string>, chosen);
    expect(variables).toEqual({});
    expect(reason).toMatch(why);
  });

  test('is told of an index on this machine, which may speak plain http', () => {
    const url = 'http://127.0.0.1:3141/simple/';
    expect(told({}, { ...mirror, url }).variables).toEqual({ PIP_INDEX_URL: url, ...patience });
  });

  test('is told of the best known one where nothing had to be asked, and not that it served', () => {
    expect(told({}, mirror, false)).toEqual({
      variables: { PIP_INDEX_URL: mirror.url, ...patience },
      why: "Later steps' pip uses campus, the best that is known.",
    });
  });

  test('a no-index that says no is none', () => {
    expect(told({ 'no-index': 'false' }).variables).toEqual({ PIP_INDEX_URL: mirror.url, ...patience });
  });
});
