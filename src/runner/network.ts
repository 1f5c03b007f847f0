import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import querystring from 'node:querystring';
import { secretForms } from '../values/credentials.js';
import { Failure, type Problem } from '../values/failure.js';
import type { PipSetting } from '../values/interpreter.js';
import type { Notice } from '../values/log.js';
import type { Network } from '../values/runner.js';

type PipSettings = Readonly<Record<string, PipSetting>>;
interface Named {
  readonly setting: string;
  readonly value: string;
}

/** A setting of pip under the name by which the user set it. */
function pipSetting(settings: PipSettings, name: string): Named[] {
  const found = settings[name];
  if (found === undefined) return [];
  const setting = found.origin === 'environment' ? `PIP_${name.toUpperCase()}` : `\`${name}\` in ${found.origin}`;
  return [{ setting, value: found.value }];
}

/** A variable by its lower-case name, which curl and Python prefer, or its upper-case one; empty ones switch the setting off. */
function variable(environment: NodeJS.ProcessEnv, name: string): Named[] {
  const setting = [name, name.toUpperCase()].find((spelling) => environment[spelling] !== undefined);
  return setting === undefined ? [] : [{ setting, value: (environment[setting] ?? '').trim() }];
}

/** The proxy's address with its scheme, or null where the value is none. A value without a scheme is an http proxy, as everywhere. */
function proxyAddress(value: string): string | null {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === '') return null;
  return url.href.replace(/\/$/, '');
}

/**
 * Proxies as the user's settings name them. pip's own setting comes first, since it is known to reach indexes; then the variable of
 * the scheme, then ALL_PROXY. Pure; what is wrong is in `problems`, every value masked.
 */
export function readProxies(
  environment: NodeJS.ProcessEnv,
  pipSettings: PipSettings,
): Omit<Network, 'caFiles'> & { readonly problems: readonly Problem[]; readonly notices: readonly Notice[] } {
  const problems = new Map<string, Problem>();
  const notices: Notice[] = [];
  const first = (choices: readonly Named[]): string | null => {
    const chosen = choices[0];
    if (chosen === undefined || chosen.value === '') return null;
    const address = proxyAddress(chosen.value);
    if (address === null) {
      // Everything up to the last @ may be a password.
      const shown = chosen.value.replace(/^.*@/s, '***@');
      problems.set(chosen.setting, {
        where: chosen.setting,
        what: `\`${shown}\` is not the address of an http or https proxy.`,
        remedy:
          'Write http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, special characters in the password as %XX, or unset it.',
      });
    }
    return address;
  };
  const pip = pipSetting(pipSettings, 'proxy');
  const all = variable(environment, 'all_proxy');
  let http = variable(environment, 'http_proxy');
  // In a CGI program HTTP_PROXY is the client's `Proxy:` header (httpoxy.org); uv, pip and curl pass it over likewise.
  if (http[0]?.setting === 'HTTP_PROXY' && environment['REQUEST_METHOD'] !== undefined) {
    http = [];
    const text =
      'HTTP_PROXY is not used because REQUEST_METHOD is set, as in a CGI program. Unset it, or set http_proxy.';
    notices.push({ id: 'http-proxy-ignored', text });
  }
  const httpsProxy = first([...pip, ...variable(environment, 'https_proxy'), ...all]);
  const httpProxy = first([...pip, ...http, ...all]);
  const noProxy = variable(environment, 'no_proxy').flatMap(({ value }) => value.split(/[\s,]+/).filter(Boolean));
  return { httpsProxy, httpProxy, noProxy, problems: [...problems.values()], notices };
}

/** What of the proxies' addresses must never be printed: passwords and tokens as written, as meant, and as they stand in other addresses. */
export function proxySecrets({ httpProxy, httpsProxy }: Pick<Network, 'httpProxy' | 'httpsProxy'>): string[] {
  const forms = [httpProxy, httpsProxy].flatMap((proxy) => {
    if (proxy === null) return [];
    const { username, password } = new URL(proxy);
    // A password may hold a lone `%`, on which decodeURIComponent throws.
    const meant = { username: querystring.unescape(username), password: querystring.unescape(password) };
    return [...secretForms({ username, password }), ...secretForms(meant)];
  });
  return [...new Set(forms)];
}

/** Folders whose certificates are in the system's own bundle, which is trusted anyway; reading them one by one would add nothing. */
const systemFolders: ReadonlySet<string> = new Set([
  '/etc/ssl/certs',
  '/etc/pki/tls/certs',
  '/etc/ssl',
  '/usr/lib/ssl/certs',
]);

/** The files of a certificate folder as OpenSSL reads one: named by the subject's hash (`5ed36f99.0`). */
async function folderFiles(folder: string): Promise<string[]> {
  if (systemFolders.has(folder.replace(/\/+$/, ''))) return [];
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^[0-9a-f]{8}\.\d+$/.test(name)).sort();
  return names.map((name) => path.join(folder, name));
}

async function readCaFiles(environment: NodeJS.ProcessEnv, pipSettings: PipSettings) {
  const variables = ['REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_DIR'];
  const named: Named[] = [
    ...pipSetting(pipSettings, 'cert'),
    ...variables.flatMap((setting) =>
      (environment[setting] ?? '')
        .split(setting === 'SSL_CERT_DIR' ? path.delimiter : '\0')
        .map((value) => ({ setting, value: value.trim() })),
    ),
  ].filter(({ value }) => value !== '');
  const caFiles = new Map<string, { path: string; setting: string }>();
  const notices: Notice[] = [];
  for (const { setting, value } of named) {
    const info = await stat(value).catch(() => null);
    if (info === null) {
      const text = `${setting} names ${value}, which does not exist; it is left out. Correct or unset it.`;
      notices.push({ id: `ca-missing-${setting}`, text });
      continue;
    }
    const files = info.isDirectory() ? await folderFiles(value) : [value];
    for (const file of files) {
      const target = await realpath(file).catch(() => null);
      if (target !== null && !caFiles.has(target)) caFiles.set(target, { path: path.resolve(file), setting });
    }
  }
  return { caFiles: [...caFiles.values()], notices };
}

/**
 * The proxies and CA files that the user's settings name (environment and pip's configuration). A named CA file that is missing is a
 * notice. Throws Failure(2) naming every setting that holds no proxy address.
 */
export async function inspectNetwork(
  environment: NodeJS.ProcessEnv,
  pipSettings: PipSettings,
): Promise<{ readonly network: Network; readonly notices: readonly Notice[] }> {
  const { problems, notices, ...proxies } = readProxies(environment, pipSettings);
  if (problems.length > 0) throw new Failure(2, problems);
  const { caFiles, notices: caNotices } = await readCaFiles(environment, pipSettings);
  return { network: { ...proxies, caFiles }, notices: [...notices, ...caNotices] };
}
