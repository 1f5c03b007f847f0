import type { HttpClient } from '../../values/http.js';
import type { Log } from '../../values/log.js';
import type { S3Keys } from '../../values/s3.js';
import { tokenService } from './address.js';
import { containerKeys, instanceKeys } from './key-service.js';
import { type Profile, readProfile } from './profile.js';
import { S3Refusal } from './refusal.js';
import { webIdentityKeys } from './web-identity.js';

interface Wishes {
  readonly client: HttpClient;
  /** Without a proxy, for the services of the machine itself. */
  readonly direct: HttpClient;
  readonly environment: NodeJS.ProcessEnv;
  readonly home: string;
  /** The region of the input, or null. */
  readonly region: string | null;
  readonly log: Pick<Log, 'mask' | 'debug'>;
  readonly signal: AbortSignal;
}

/** The keys that this job was given, and the region. */
export interface KeyRing {
  readonly region: string;
  /** Looks for them when it is first called, and renews those that end. Throws S3Refusal where there are none. */
  get(): Promise<S3Keys>;
}

/** Keys are renewed this long (ms) before they end. */
const EARLY_MS = 300_000;
/** After a renewal that failed the old keys are used for this long (ms) before the next try. */
const AGAIN_MS = 10_000;

/** A link of the chain: null where it is not set up, an Error where it is and fails. */
type Link = readonly [origin: string, keys: () => Promise<S3Keys | null>];

function staticKeys(id: string | undefined, secret: string | undefined, token: string | undefined): S3Keys | null {
  return id && secret ? { accessKeyId: id, secretAccessKey: secret, sessionToken: token || null, expires: null } : null;
}

function profileKeys(profile: Profile | null): S3Keys | null {
  const { aws_access_key_id: id, aws_secret_access_key: secret, aws_session_token: token } = profile ?? {};
  const keys = staticKeys(id, secret, token);
  if (keys !== null || profile === null) return keys;
  const unread = ['credential_process', 'sso_session', 'sso_start_url', 'source_profile', 'credential_source'];
  const met = unread.find((name) => profile[name] !== undefined);
  if (met !== undefined) {
    throw new Error(
      `it uses ${met}, which is not read here; \`aws configure export-credentials --format env\` prints its keys`,
    );
  }
  return null;
}

/** The chain of Amazon's tools ("Understand the credential provider chain", SDKs Reference Guide): the first link that has keys wins. */
function links(wishes: Wishes, name: string, profile: Profile | null, region: string): readonly Link[] {
  const { client, environment, signal } = wishes;
  const identity = (tokenFile: string | undefined, role: string | undefined, session: string | undefined) =>
    tokenFile && role
      ? webIdentityKeys(
          client,
          { tokenFile, role, session: session || 'paddle-mirror-setup', service: service() },
          signal,
        )
      : Promise.resolve(null);
  const service = (): string => environment['AWS_ENDPOINT_URL_STS'] || tokenService(region);
  const env = (key: string): string | undefined => environment[key];
  return [
    [
      'environment',
      () =>
        Promise.resolve(staticKeys(env('AWS_ACCESS_KEY_ID'), env('AWS_SECRET_ACCESS_KEY'), env('AWS_SESSION_TOKEN'))),
    ],
    [
      'web identity',
      () => identity(env('AWS_WEB_IDENTITY_TOKEN_FILE'), env('AWS_ROLE_ARN'), env('AWS_ROLE_SESSION_NAME')),
    ],
    [
      `profile ${name}`,
      async () =>
        (await identity(profile?.['web_identity_token_file'], profile?.['role_arn'], profile?.['role_session_name'])) ??
        profileKeys(profile),
    ],
    ['container', () => containerKeys(wishes)],
    ['instance', () => instanceKeys(wishes)],
  ];
}

/** Asks one link after the other. Throws S3Refusal that names each one that was set up and why it had none. */
async function firstOf(chain: readonly Link[], { log, signal }: Wishes): Promise<{ keys: S3Keys; ask: Link[1] }> {
  const looked: string[] = [];
  for (const [origin, ask] of chain) {
    try {
      const keys = await ask();
      if (keys === null) continue;
      log.debug(`S3: keys from ${origin}`);
      return { keys, ask };
    } catch (error) {
      signal.throwIfAborted();
      looked.push(`${origin}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const reasons = looked.length === 0 ? '' : ` (${looked.join('; ')})`;
  const what = `no keys were found in the environment, a profile, a web identity, the container or the machine${reasons}`;
  throw new S3Refusal(0, '', what, 'Give the job keys, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.');
}

/** Opens the key ring of a run: reads the shared files and asks nobody. Every secret is masked before it is used. */
export async function openKeys(wishes: Wishes): Promise<KeyRing> {
  const { environment, log } = wishes;
  const { name, profile } = await readProfile(environment, wishes.home);
  const region =
    wishes.region ||
    environment['AWS_REGION'] ||
    environment['AWS_DEFAULT_REGION'] ||
    profile?.['region'] ||
    'us-east-1';
  const masked = (keys: S3Keys): S3Keys => {
    for (const secret of [keys.secretAccessKey, keys.sessionToken, keys.accessKeyId]) {
      if (secret !== null) log.mask(secret);
    }
    return keys;
  };
  let ask: Link[1] | null = null;
  let current: Promise<S3Keys> | null = null;
  /** When new ones are asked for (ms, as of `Date.now`); null: never, or somebody asks already. */
  let renewAt: number | null = null;
  const take = (keys: S3Keys): S3Keys => {
    renewAt = keys.expires === null ? null : keys.expires - EARLY_MS;
    return masked(keys);
  };
  const find = async (): Promise<S3Keys> => {
    const found = await firstOf(links(wishes, name, profile, region), wishes);
    ask = found.ask;
    return take(found.keys);
  };
  const renew = async (before: S3Keys): Promise<S3Keys> => {
    try {
      return take((await ask?.()) ?? before);
    } catch (error) {
      // They are good for a while yet, and are asked for again.
      renewAt = Date.now() + AGAIN_MS;
      log.debug(`S3: keys were not renewed: ${String(error)}`);
      return before;
    }
  };
  return {
    region,
    get: () => {
      if (current !== null && renewAt !== null && renewAt < Date.now()) {
        renewAt = null;
        current = current.then(renew);
      }
      current ??= find();
      return current;
    },
  };
}
