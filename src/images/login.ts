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

/** Where and how a helper is asked. */
interface Asking {
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Is told, in a sentence, of a helper that could not be asked. */
  readonly notice: (text: string) => void;
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

/** The words of every helper for a registry that was never logged in to (its `credentials/error.go`). */
const unknown = /credentials not found/i;

/**
 * Asks a credential helper (https://github.com/docker/docker-credential-helpers): the name goes in, JSON comes out. Null: it has no login,
 * or none that can be used, which `notice` is told of: the pull may do without.
 */
async function ask(helper: string, name: string, { environment, signal, notice }: Asking): Promise<Credentials | null> {
  const because = (what: string): null => {
    notice(
      `Docker's settings name docker-credential-${helper} for ${name}, but ${what}. It is pulled without a login.`,
    );
    return null;
  };
  // The name of a helper is part of a file name.
  if (!/^[\w.-]+$/.test(helper)) return because('that is no name of a program');
  const ran = await run({
    file: `docker-credential-${helper}`,
    args: ['get'],
    environment,
    input: name,
    limitMs: helperMs,
    signal,
  });
  if (ran.startError !== null) return because(`it could not be started (${ran.startError})`);
  if (ran.timedOut) return because(`it said nothing within ${helperMs / 1000} s`);
  if (ran.code !== 0) {
    const said = `${ran.stdout}${ran.stderr}`.trim();
    return unknown.test(said) ? null : because(`it ended with ${ran.code}: ${said.slice(0, 200)}`);
  }
  let found: { Username?: string; Secret?: string };
  try {
    found = JSON.parse(ran.stdout) as typeof found;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return because('its answer is no JSON');
  }
  const { Username, Secret } = found;
  if (Username === '<token>') return because('it keeps a token that Docker alone can use');
  return Username && Secret ? { username: Username, password: Secret } : null;
}

/**
 * What `docker login` kept for a registry, in its file or in a credential helper; null where it keeps nothing. For the caller's memory
 * alone. Throws SyntaxError where Docker's settings are broken.
 */
export async function findLogin(registry: string, home: string, asking: Asking): Promise<Credentials | null> {
  const { environment } = asking;
  const file = path.join(dockerFolder(environment, home), 'config.json');
  const { auths = {}, credHelpers = {}, credsStore } = ((await readSettings(file)) ?? {}) as Settings;
  const names =
    registry === 'docker.io' ? [hubName, 'docker.io'] : [registry, `https://${registry}`, `https://${registry}/v1/`];
  for (const name of names) {
    const helper = credHelpers[name] ?? (auths[name] !== undefined && !auths[name].auth ? credsStore : undefined);
    const found = helper === undefined ? decode(auths[name]?.auth ?? '') : await ask(helper, name, asking);
    if (found !== null) return found;
  }
  return null;
}
