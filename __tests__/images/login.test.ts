import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { findLogin } from '../../src/images/login.js';
import { temporaryFolder } from '../install/machine.js';

const signal = new AbortController().signal;
const registry = 'harbor.example:8443';

/** A home whose Docker settings hold this, a helper of that name that runs these lines of sh, and what is found for a registry. */
async function found(settings: object, lines: string, wanted = registry) {
  const home = temporaryFolder();
  mkdirSync(join(home, '.docker'));
  writeFileSync(join(home, '.docker', 'config.json'), JSON.stringify(settings));
  const helper = join(home, 'docker-credential-own');
  writeFileSync(helper, `#!/bin/sh\nasked=$(cat)\nprintf '%s %s\\n' "$1" "$asked" >> "${home}/asked"\n${lines}\n`);
  chmodSync(helper, 0o755);
  const environment = { PATH: [home, process.env['PATH']].join(delimiter) };
  const notices: string[] = [];
  const login = await findLogin(wanted, home, { environment, signal, notice: (text) => notices.push(text) });
  const asked = (): string => readFileSync(join(home, 'asked'), 'utf8');
  return { login, notices, asked };
}

const answer = `echo '{"ServerURL":"https://x","Username":"reader","Secret":"it'"'"'s: secret"}'`;
const credentials = { username: 'reader', password: "it's: secret" };
const helped = { credHelpers: { [registry]: 'own' } };

(process.platform === 'win32' ? describe.skip : describe)('a login that a credential helper keeps', () => {
  test('is asked for by the name that the settings have for the registry, and taken as it is', async () => {
    const { login, notices, asked } = await found(helped, answer);
    expect([login, notices, asked()]).toEqual([credentials, [], `get ${registry}\n`]);
  });

  test('comes from the store for all registries, where `docker login` left an empty entry', async () => {
    const url = 'https://index.docker.io/v1/';
    const { login, asked } = await found({ credsStore: 'own', auths: { [url]: {} } }, answer, 'docker.io');
    expect([login, asked()]).toEqual([credentials, `get ${url}\n`]);
  });

  test('is nothing where the helper does not know the registry, without a word', async () => {
    const { login, notices } = await found(helped, 'echo credentials not found in native keychain; exit 1');
    expect([login, notices]).toEqual([null, []]);
  });

  test.each([
    ['echo the keychain is locked >&2; exit 2', /ended with 2: the keychain is locked/],
    ['echo hello', /its answer is no JSON/],
    [`echo '{"Username":"<token>","Secret":"abc"}'`, /a token that Docker alone can use/],
  ])('is nothing where the helper fails (%s), and that is told', async (lines, words) => {
    const { login, notices } = await found(helped, lines);
    expect(login).toBeNull();
    expect(notices.join()).toMatch(words);
    expect(notices.join()).toContain(`docker-credential-own for ${registry}`);
  });

  test('is nothing where there is no such helper, or its name is none', async () => {
    for (const [name, words] of [
      ['missing', /could not be started \(.*ENOENT/],
      ['../own', /no name of a program/],
    ] as const) {
      const { login, notices } = await found({ credHelpers: { [registry]: name } }, answer);
      expect(login).toBeNull();
      expect(notices.join()).toMatch(words);
    }
  });
});
