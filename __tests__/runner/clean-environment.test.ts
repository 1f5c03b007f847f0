import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { installerEnvironment } from '../../src/runner/clean-environment.js';

describe('the environment of an installer', () => {
  test('keeps what programs and builds need', () => {
    const kept = {
      PATH: '/bin',
      HOME: '/home/me',
      LC_ALL: 'C.UTF-8',
      SystemRoot: 'C:\\Windows',
      CC: 'gcc',
      LD_LIBRARY_PATH: '/opt/lib',
      GIT_SSH_COMMAND: 'ssh',
    };
    expect(installerEnvironment(kept, {})).toEqual(kept);
  });

  test.each([
    'UV_INDEX_URL',
    'UV_CACHE_DIR',
    'uv_config_file',
    'PIP_INDEX_URL',
    'PIP_CONFIG_FILE',
    'HTTP_PROXY',
    'https_proxy',
    'NO_PROXY',
    'all_proxy',
    'CMAKE_HTTP_PROXY',
    'REQUEST_METHOD',
    'NETRC',
    'VIRTUAL_ENV',
    'CONDA_PREFIX',
    'PYTHONHOME',
    'PYTHONPATH',
    'SSL_CERT_FILE',
    'GITHUB_TOKEN',
    'GIT_TOKEN',
    'GIT_SSH_PROXY',
    'ACTIONS_RUNTIME_TOKEN',
    'INPUT_INDEX-CREDENTIALS',
    'XPATH',
  ])('drops %s', (name) => {
    expect(installerEnvironment({ [name]: 'x' }, {})).toEqual({});
  });

  test('what is ours wins, also over another spelling of its name', () => {
    expect(
      installerEnvironment({ Path: 'theirs', HOME: '/home/me' }, { PATH: 'ours', HTTP_PROXY: 'http://127.0.0.1:1' }),
    ).toEqual({
      PATH: 'ours',
      HOME: '/home/me',
      HTTP_PROXY: 'http://127.0.0.1:1',
    });
  });

  test('nothing that begins with a name of uv or pip, or ends as a proxy, ever passes', () => {
    const name = fc.oneof(
      fc.string().map((text) => `UV_${text}`),
      fc.string().map((text) => `pip_${text}`),
      fc.string().map((text) => `${text}_PROXY`),
      fc
        .constantFrom('GIT_', 'LC_', 'CMAKE_', 'VC')
        .chain((before) => fc.string().map((text) => `${before}${text}_proxy`)),
    );
    fc.assert(
      fc.property(fc.dictionary(name, fc.string()), (environment) => {
        expect(installerEnvironment(environment, {})).toEqual({});
      }),
    );
  });

  test('is enough for a Python to start', () => {
    const said = execFileSync('python3', ['-c', 'print("ready")'], {
      env: installerEnvironment(process.env, {}),
      encoding: 'utf8',
    });
    expect(said.trim()).toBe('ready');
  });
});
