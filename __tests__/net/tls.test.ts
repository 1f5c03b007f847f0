import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { splitPem, trustedCertificates } from '../../src/net/ca.js';
import { createClient } from '../../src/net/client.js';
import { type HttpClient, HttpFault } from '../../src/values/http.js';
import type { Network } from '../../src/values/runner.js';
import { type Authority, makeAuthority } from '../support/certificates.js';
import { type KeptLog, keptLog } from '../support/log.js';
import { startMirror } from '../support/mirror.js';
import { startProxy } from '../support/proxy.js';

let authority: Authority;
let folder: string;
const open: { close(): Promise<unknown> }[] = [];

beforeAll(async () => {
  authority = await makeAuthority();
  folder = await mkdtemp(join(tmpdir(), 'tls-test-'));
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});
afterAll(async () => {
  await authority.remove();
  await rm(folder, { recursive: true });
});

const network = (more: Partial<Network> = {}): Network => ({
  httpsProxy: null,
  httpProxy: null,
  noProxy: [],
  caFiles: [],
  ...more,
});
const ours = (setting = 'SSL_CERT_FILE') => ({ caFiles: [{ path: authority.caFile, setting }] });

function client(more: Partial<Network>, log: KeptLog = keptLog()): HttpClient {
  const made = createClient({ network: network(more), version: '1', log });
  open.push(made);
  return made;
}

async function secureMirror(host = '127.0.0.1', days = 2) {
  const tls = await authority.issue(host, days);
  const made = await startMirror({ files: { six: { 'six-1.0.tar.gz': Buffer.from('six') } }, tls });
  open.push(made);
  return made;
}

const page = async (http: HttpClient, url: string) =>
  (await http.request({ url, signal: AbortSignal.timeout(10_000) })).text(10_000);

async function faultOf(work: Promise<unknown>): Promise<HttpFault> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof HttpFault) return error;
  throw new Error(`no fault, but ${String(error)}`);
}

describe("a server with a corporate network's certificate", () => {
  test.each(['SSL_CERT_FILE', 'PIP_CERT', 'NODE_EXTRA_CA_CERTS'])(
    'is trusted where %s alone names the authority',
    async (setting) => {
      const { index } = await secureMirror();
      expect(await page(client(ours(setting)), `${index}six/`)).toContain('six-1.0.tar.gz');
    },
  );

  test('is trusted where another setting before it names an unusable file, and that is said', async () => {
    const { index } = await secureMirror();
    const junk = join(folder, 'junk.pem');
    await writeFile(junk, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    const log = keptLog();
    const caFiles = [
      { path: join(folder, 'missing.pem'), setting: 'REQUESTS_CA_BUNDLE' },
      { path: junk, setting: 'PIP_CERT' },
      { path: authority.caFile, setting: 'SSL_CERT_FILE' },
    ];
    expect(await page(client({ caFiles }, log), `${index}six/`)).toContain('six-1.0.tar.gz');
    expect(log.notices.map((notice) => notice.id)).toEqual(['ca-file-REQUESTS_CA_BUNDLE', 'ca-file-PIP_CERT']);
    expect(log.notices[1]?.text).toContain('it holds no certificate in PEM form');
  });

  test('is refused where no setting names it, and the remedy names the settings', async () => {
    const { index } = await secureMirror();
    const fault = await faultOf(page(client({}), index));
    expect(fault.kind).toBe('tls');
    expect(fault.message).toContain('signed by an authority that is not known here');
    expect(fault.remedy).toContain('SSL_CERT_FILE');
  });

  test('that has expired is refused in words', async () => {
    const { index } = await secureMirror('127.0.0.1', -1);
    const fault = await faultOf(page(client(ours()), index));
    expect([fault.kind, fault.message]).toEqual(['tls', expect.stringContaining('has expired')]);
  });

  test('for another host name is refused in words', async () => {
    const { index } = await secureMirror('elsewhere.example');
    const fault = await faultOf(page(client(ours()), index));
    expect([fault.kind, fault.message]).toEqual(['tls', expect.stringContaining('another host name')]);
  });

  test('is reached through a tunnel of the proxy, which sees the host and no more', async () => {
    const target = await secureMirror('index.example');
    const proxy = await startProxy({ auth: 'user:pass', hosts: { 'index.example': new URL(target.url).host } });
    open.push(proxy);
    const http = client({ ...ours(), httpsProxy: proxy.url.replace('//', '//user:pass@') });
    expect(await page(http, 'https://index.example/simple/six/')).toContain('six-1.0.tar.gz');
    expect(proxy.passed).toEqual(['CONNECT index.example:443']);
  });
});

test('an http address behind TLS is a fault that says so', async () => {
  const plain = await startMirror({ files: {} });
  open.push(plain);
  const fault = await faultOf(page(client({}), plain.url.replace('http:', 'https:')));
  expect([fault.kind, fault.remedy]).toEqual(['tls', expect.stringContaining('https')]);
});

test('a redirect from https to http is refused', async () => {
  const tls = await authority.issue('127.0.0.1');
  const made = await startMirror({ files: {}, tls, fault: () => ({ kind: 'redirect', to: 'http://127.0.0.1/' }) });
  open.push(made);
  const fault = await faultOf(page(client(ours()), made.url));
  expect([fault.kind, fault.message]).toEqual(['redirect', `${made.url}/: redirects from https to http://127.0.0.1/.`]);
});

test('certificates of a bundle are told apart in spite of comments between them, and each is trusted once', async () => {
  const one = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----';
  expect(splitPem(`# first\n${one}\nSubject: x\n${one}\n-----BEGIN PRIVATE KEY-----\n`)).toEqual([one, one]);
  const twice = network({ caFiles: [...ours('A').caFiles, ...ours('B').caFiles] });
  const all = await trustedCertificates(twice, keptLog());
  expect(new Set(all).size).toBe(all.length);
  expect(all.length).toBe((await trustedCertificates(network(), keptLog())).length + 1);
});
