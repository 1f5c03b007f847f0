import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { inspectNetwork, proxySecrets, readProxies } from '../../src/runner/network.js';
import { Failure } from '../../src/values/failure.js';
import { scratch } from './support.js';

describe('proxies', () => {
  const proxies = (environment: NodeJS.ProcessEnv, pip = {}) => {
    const { httpsProxy, httpProxy } = readProxies(environment, pip);
    return [httpsProxy, httpProxy];
  };

  test('none are named', () => {
    expect(readProxies({}, {})).toEqual({ httpsProxy: null, httpProxy: null, noProxy: [], problems: [], notices: [] });
  });

  test('each scheme has its variable, ALL_PROXY stands in for both', () => {
    expect(proxies({ HTTPS_PROXY: 'http://a.example:1', http_proxy: 'http://b.example:2' })).toEqual([
      'http://a.example:1',
      'http://b.example:2',
    ]);
    expect(proxies({ ALL_PROXY: 'http://c.example:3', HTTPS_PROXY: 'https://a.example' })).toEqual([
      'https://a.example',
      'http://c.example:3',
    ]);
  });

  test('the lower-case name wins, and an empty one switches the proxy off', () => {
    expect(proxies({ HTTPS_PROXY: 'http://a.example:1', https_proxy: 'http://b.example:2' })[0]).toBe(
      'http://b.example:2',
    );
    expect(proxies({ HTTPS_PROXY: 'http://a.example:1', https_proxy: '' })[0]).toBeNull();
  });

  test("pip's own setting comes before the variables", () => {
    const proxy = { value: 'pip.example:8', origin: '/etc/pip.conf' };
    expect(proxies({ HTTPS_PROXY: 'http://a.example:1' }, { proxy })).toEqual([
      'http://pip.example:8',
      'http://pip.example:8',
    ]);
  });

  test('HTTP_PROXY in a CGI program is passed over with a notice, http_proxy is not', () => {
    const cgi = { REQUEST_METHOD: 'GET' };
    const upper = readProxies({ ...cgi, HTTP_PROXY: 'http://evil.example:1' }, {});
    expect([upper.httpProxy, upper.notices.map(({ id }) => id)]).toEqual([null, ['http-proxy-ignored']]);
    expect(readProxies({ ...cgi, http_proxy: 'http://a.example:1' }, {}).httpProxy).toBe('http://a.example:1');
  });

  test('NO_PROXY is taken apart at commas and blanks', () => {
    expect(readProxies({ NO_PROXY: 'localhost, .example,,10.0.0.0/8 [::1]' }, {}).noProxy).toEqual([
      'localhost',
      '.example',
      '10.0.0.0/8',
      '[::1]',
    ]);
  });

  test.each(['socks5://a.example:1', 'http://', 'a.example:port', 'ftp://a.example', 'http://user:pa#ss@a.example:1'])(
    'is refused: %s',
    (value) => {
      expect(readProxies({ HTTPS_PROXY: value }, {}).problems.map(({ where }) => where)).toEqual(['HTTPS_PROXY']);
    },
  );

  test('all wrong settings are named at once, in one Failure', async () => {
    const environment = { https_proxy: 'socks5://a.example:1', HTTP_PROXY: 'http://b.example:99999' };
    const error: unknown = await inspectNetwork(environment, {}).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Failure);
    expect((error as Failure).problems.map(({ where, what }) => [where, what])).toEqual([
      ['https_proxy', '`socks5://a.example:1` is not the address of an http or https proxy.'],
      ['HTTP_PROXY', '`http://b.example:99999` is not the address of an http or https proxy.'],
    ]);
  });

  test('no part of a password is shown, whatever is wrong with the address', () => {
    const secret = fc.string({ minLength: 6 }).filter((text) => !text.includes('@') && !/^[\s*@]*$/.test(text));
    const scheme = fc.constantFrom('', 'http://', 'socks5://', 'ftp://', '//');
    fc.assert(
      fc.property(scheme, secret, fc.constantFrom('proxy.example:99999', '', '#', ':x'), (before, password, host) => {
        const value = `${before}user:S3CRET${password}@${host}`;
        const { problems } = readProxies({ HTTPS_PROXY: value, HTTP_PROXY: value }, {});
        expect(JSON.stringify(problems)).not.toContain('S3CRET');
      }),
    );
  });
});

describe('CA files', () => {
  test('every file that a setting names counts once, by its first setting', async () => {
    const folder = await scratch();
    const [one, two, three] = ['one.pem', 'two.pem', 'three.pem'].map((name) => path.join(folder, name));
    for (const file of [one, two, three]) await writeFile(String(file), '');
    await symlink(String(one), path.join(folder, 'link.pem'));
    const { network } = await inspectNetwork(
      {
        SSL_CERT_FILE: two,
        REQUESTS_CA_BUNDLE: path.join(folder, 'link.pem'),
        NODE_EXTRA_CA_CERTS: three,
        CURL_CA_BUNDLE: '',
      },
      { cert: { value: String(one), origin: '/etc/pip.conf' } },
    );
    expect(network.caFiles).toEqual([
      { path: one, setting: '`cert` in /etc/pip.conf' },
      { path: two, setting: 'SSL_CERT_FILE' },
      { path: three, setting: 'NODE_EXTRA_CA_CERTS' },
    ]);
  });

  test.each(['REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS'])(
    '%s alone is enough',
    async (name) => {
      const file = path.join(await scratch(), 'ca.pem');
      await writeFile(file, '');
      expect((await inspectNetwork({ [name]: file }, {})).network.caFiles).toEqual([{ path: file, setting: name }]);
    },
  );

  test('one that is missing is left out and said so', async () => {
    const { network, notices } = await inspectNetwork({ SSL_CERT_FILE: '/nonexistent/ca.pem' }, {});
    expect(network.caFiles).toEqual([]);
    expect(notices).toEqual([
      {
        id: 'ca-missing-SSL_CERT_FILE',
        text: 'SSL_CERT_FILE names /nonexistent/ca.pem, which does not exist; it is left out. Correct or unset it.',
      },
    ]);
  });

  test('a folder gives the files that OpenSSL would read in it', async () => {
    const folder = await scratch();
    const second = path.join(folder, 'second');
    await mkdir(second);
    for (const name of ['5ed36f99.0', '5ed36f99.1', 'README', 'ca.pem']) await writeFile(path.join(folder, name), '');
    await writeFile(path.join(second, '01234567.0'), '');
    const { network } = await inspectNetwork({ SSL_CERT_DIR: [folder, second].join(path.delimiter) }, {});
    expect(network.caFiles.map((file) => file.path)).toEqual([
      path.join(folder, '5ed36f99.0'),
      path.join(folder, '5ed36f99.1'),
      path.join(second, '01234567.0'),
    ]);
  });

  test("the system's own folder is not read file by file", async () => {
    expect((await inspectNetwork({ SSL_CERT_DIR: '/etc/ssl/certs' }, {})).network.caFiles).toEqual([]);
  });
});

describe('what must not be printed of proxies', () => {
  const secrets = (httpsProxy: string) => proxySecrets({ httpProxy: null, httpsProxy });

  test('is a password with a lone percent sign, too', () => {
    const { httpsProxy } = readProxies({ HTTPS_PROXY: 'http://u:50%off@127.0.0.1:9' }, {});
    expect(secrets(httpsProxy ?? '')).toEqual(['50%off', '50%25off']);
  });

  test('is a password as written and as meant, a user name only where it stands alone', () => {
    expect(secrets('http://root:p%40ss@127.0.0.1:9')).toEqual(['p%40ss', 'p%2540ss', 'p@ss']);
    expect(secrets('http://token@127.0.0.1:9')).toEqual(['token']);
    expect(secrets('http://127.0.0.1:9')).toEqual([]);
  });
});
