import path from 'node:path';
import { run } from '../process/run.js';
import type { Credentials, IndexCredentials } from '../values/credentials.js';
import { dockerFolder, readSettings } from './endpoint.js';

/** Docker's own name of Docker Hub in its settings. */
const hubName = 'https://index.docker.io/v1/';
const helperMs = 15_000;

const hubHosts = ['docker.io', 'index.docker.io', 'registry-1.docker.io'];

/** What the user gave for a registry, by its host and port; all names of Docker Hub are one. Null: nothing. */
export function givenLogin(registry: string, given: readonly IndexCredentials[]): Credentials | null {
  const found = given.find(({ origin }) => {
    const { protocol, host } = new URL(origin);
    return registry === 'docker.io' ? hubHosts.includes(host) : new URL(`${protocol}//${registry}`).host === host;
  });
  return found?.credentials ?? null;
}

interface Settings {
  readonly auths?: Readonly<Record<string, { readonly auth?: string } | undefined>>;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly credsStore?: string;
}

/** `auth` is base64 of `user:password`. */
function decode(auth: string): Credentials | null {
  const [, username, password] = /^([^:]*):([\s\S]*)$/.exec(Buffer.from(auth, 'base64').toString('utf8')) ?? [];
  return username === undefined || password === undefined || username === '' ? null : { username, password };
}

/** Asks a credential helper (https://github.com/docker/docker-credential-helpers): the name goes in, JSON comes out. */
async function ask(
  helper: string,
  name: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Credentials | null> {
  // The name of a helper is part of a file name.
  if (!/^[\w.-]+$/.test(helper)) return null;
  const ran = await run({
    file: `docker-credential-${helper}`,
    args: ['get'],
    environment,
    input: name,
    limitMs: helperMs,
    signal,
  });
  // "credentials not found in native keychain" is exit code 1: this registry was not logged in to.
  if (ran.code !== 0) return null;
  const { Username, Secret } = JSON.parse(ran.stdout) as { Username?: string; Secret?: string };
  return Username && Secret && Username !== '<token>' ? { username: Username, password: Secret } : null;
}

/**
 * What `docker login` kept for a registry, in its file or in a credential helper; null where it keeps nothing. For the caller's memory
 * alone. Throws SyntaxError where Docker's settings are broken.
 */
export async function findLogin(
  registry: string,
  environment: NodeJS.ProcessEnv,
  home: string,
  signal: AbortSignal,
): Promise<Credentials | null> {
  const file = path.join(dockerFolder(environment, home), 'config.json');
  const { auths = {}, credHelpers = {}, credsStore } = ((await readSettings(file)) ?? {}) as Settings;
  const names =
    registry === 'docker.io' ? [hubName, 'docker.io'] : [registry, `https://${registry}`, `https://${registry}/v1/`];
  for (const name of names) {
    const helper = credHelpers[name] ?? (auths[name] !== undefined && !auths[name].auth ? credsStore : undefined);
    const found = helper === undefined ? decode(auths[name]?.auth ?? '') : await ask(helper, name, environment, signal);
    if (found !== null) return found;
  }
  return null;
}
