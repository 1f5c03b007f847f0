import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compare, facts, type Levels, lay, newestVenv, type Option, oldestVenv } from './real-pip.js';

const url = (name: string) => `https://${name}.example/simple`;

describe('the settings are those that pip itself would take', () => {
  const cases: readonly (readonly [string, Levels])[] = [
    [
      'every level over the weaker one',
      {
        global: {
          global: { 'index-url': url('global'), proxy: 'http://global.example:1', cert: '/global.pem', timeout: '11' },
        },
        legacy: { global: { 'index-url': url('legacy'), proxy: 'http://legacy.example:1', cert: '/legacy.pem' } },
        user: { global: { 'index-url': url('user'), proxy: 'http://user.example:1' } },
        site: { global: { 'index-url': url('site') } },
      },
    ],
    [
      '[install] of a weak file over [global] of a strong one',
      {
        global: { install: { 'index-url': url('install') } },
        site: { global: { 'index-url': url('global') } },
      },
    ],
    [
      "other commands' sections count for nothing",
      { user: { download: { 'index-url': url('download') }, list: { timeout: '3' } } },
    ],
    [
      'the environment over all',
      {
        site: { install: { 'index-url': url('site') } },
        environment: { PIP_INDEX_URL: url('environment'), PIP_DEFAULT_TIMEOUT: '77' },
      },
    ],
    [
      'a variable of blanks empties a list',
      {
        user: { global: { 'extra-index-url': url('extra') } },
        environment: { PIP_EXTRA_INDEX_URL: ' ' },
      },
    ],
    [
      'an empty variable changes nothing',
      {
        user: { global: { 'extra-index-url': url('extra') } },
        environment: { PIP_EXTRA_INDEX_URL: '' },
      },
    ],
    [
      'an empty value hides the weaker files of its section',
      {
        global: { global: { 'index-url': url('global') }, install: { cert: '/a.pem' } },
        user: { global: { 'index-url': '' }, install: { cert: '' } },
      },
    ],
    [
      'several values over several lines',
      {
        user: {
          global: {
            'extra-index-url': `\n    ${url('one')}\n    ${url('two')}`,
            'trusted-host': 'one.example two.example',
          },
        },
      },
    ],
    [
      'underscores, capitals and dashes in front',
      {
        user: { global: { INDEX_URL: url('capital'), '--find-links': '/wheels', Default_Timeout: '9' } },
      },
    ],
    [
      'percent signs are no interpolation',
      { user: { global: { 'index-url': 'https://u:p%40ss@user.example/simple' } } },
    ],
    [
      "PIP_CONFIG_FILE takes the place of the user's files, not of the global and site ones",
      {
        global: { global: { cert: '/global.pem', timeout: '5' } },
        legacy: { global: { proxy: 'http://legacy.example:1' } },
        user: { global: { 'index-url': url('user'), proxy: 'http://user.example:1' } },
        site: { global: { timeout: '6' } },
        named: { global: { 'find-links': '/named' } },
      },
    ],
    [
      'PIP_CONFIG_FILE that does not exist changes nothing',
      {
        user: { global: { 'index-url': url('user') } },
        environment: { PIP_CONFIG_FILE: '/nonexistent/pip.conf' },
      },
    ],
    [
      'PIP_CONFIG_FILE that is the null device drops every file',
      {
        global: { global: { timeout: '5' } },
        user: { global: { 'index-url': url('user') } },
        environment: { PIP_CONFIG_FILE: '/dev/null', PIP_PROXY: 'http://environment.example:1' },
      },
    ],
    [
      "XDG_CONFIG_HOME moves the user's file",
      {
        user: { global: { 'index-url': url('user') } },
        environment: { XDG_CONFIG_HOME: '/nonexistent' },
      },
    ],
  ];

  test.each(cases)('%s', async (_, levels) => {
    for (const venv of [oldestVenv, newestVenv]) {
      const { pip, ours } = await compare(levels, venv);
      expect(ours).toEqual(pip);
    }
  });

  test('whatever is set where', async () => {
    const venv = newestVenv;
    const value: Readonly<Record<Option, fc.Arbitrary<string>>> = {
      'index-url': fc.constantFrom(url('a'), url('b'), ''),
      'extra-index-url': fc.constantFrom(url('a'), `${url('a')} ${url('b')}`, ''),
      'find-links': fc.constantFrom('/a', '/b /c', ''),
      'trusted-host': fc.constantFrom('a.example', ''),
      timeout: fc.constantFrom('3', '4', ''),
      cert: fc.constantFrom('/a.pem', '/b.pem', ''),
      proxy: fc.constantFrom('http://a.example:1', ''),
    };
    const section = fc.record(value, { requiredKeys: [] });
    const sections = fc.record({ global: section, install: section, download: section }, { requiredKeys: [] });
    const environment = section.map((items) =>
      Object.fromEntries(Object.entries(items).map(([k, v]) => [`PIP_${k.toUpperCase().replaceAll('-', '_')}`, v])),
    );
    const levels = fc.record(
      { global: sections, legacy: sections, user: sections, site: sections, named: sections, environment },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(levels, async (some) => {
        const { pip, ours } = await compare(some as Levels, venv);
        expect(ours).toEqual(pip);
      }),
      { numRuns: 40 },
    );
  });
});

describe('where a setting comes from', () => {
  test('its origin is the file that won, or the environment', async () => {
    const venv = newestVenv;
    const environment = await lay(
      {
        legacy: { global: { proxy: 'http://a.example:1' } },
        user: { global: { cert: '/a.pem' } },
        environment: { PIP_INDEX_URL: url('a') },
      },
      venv,
    );
    const { pipSettings } = await facts(venv, environment);
    expect(pipSettings).toMatchObject({
      proxy: { value: 'http://a.example:1', origin: `${environment['HOME']}/.pip/pip.conf` },
      cert: { value: '/a.pem', origin: `${environment['HOME']}/.config/pip/pip.conf` },
      'index-url': { value: url('a'), origin: 'environment' },
    });
  });

  test('a file that pip would refuse is named with its reason, the others still count', async () => {
    const venv = newestVenv;
    const environment = await lay({ user: { global: { timeout: '7' } } }, venv);
    await writeFile(path.join(venv.folder, 'pip.conf'), 'index-url = without a section\n');
    const { pipSettings, pipProblems } = await facts(venv, environment);
    expect(pipSettings['timeout']?.value).toBe('7');
    expect(pipSettings['index-url']).toBeUndefined();
    expect(pipProblems).toEqual([expect.stringMatching(/venv\/pip\.conf: File contains no section headers/)]);
  });
});
