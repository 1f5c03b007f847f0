import { readFile } from 'node:fs/promises';
import type { HttpClient } from '../../values/http.js';
import type { S3Keys } from '../../values/s3.js';

/** What the services that hand out keys need. */
export interface KeyServices {
  /** Without a proxy: these services are on the machine or beside it, and a proxy would see the keys. */
  readonly direct: HttpClient;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** A service that is not there is found out by silence, so the limits are short. */
const limits = { connectMs: 1_000, headersMs: 3_000, stallMs: 3_000 };
const LIMIT = 2 ** 16;

/** Where keys may be fetched from over plain http: this machine, and the addresses that Amazon's containers know (SDKs Reference Guide, "Container credential provider"). */
const plainHosts = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|169\.254\.170\.(2|23)|\[fd00:ec2::23\])$/;

async function get(
  services: KeyServices,
  url: string,
  headers: Readonly<Record<string, string>>,
  method: 'GET' | 'PUT' = 'GET',
): Promise<string> {
  const answer = await services.direct.request({ url, method, headers, ...limits, signal: services.signal });
  const text = await answer.text(LIMIT);
  if (answer.status !== 200) throw new Error(`it answered ${answer.status}`);
  return text;
}

/** Keys as both services write them. */
function readKeys(text: string): S3Keys {
  const told = JSON.parse(text) as Readonly<Record<string, unknown>> | null;
  const word = (name: string): string => {
    const value = told?.[name];
    return typeof value === 'string' ? value : '';
  };
  if (word('AccessKeyId') === '' || word('SecretAccessKey') === '') throw new Error('it gave no keys');
  const expires = Date.parse(word('Expiration'));
  return {
    accessKeyId: word('AccessKeyId'),
    secretAccessKey: word('SecretAccessKey'),
    sessionToken: word('Token') || null,
    expires: Number.isFinite(expires) ? expires : null,
  };
}

/** Keys of the container's role (ECS, EKS Pod Identity); null where the container has no such service. Throws an Error that says why it gave none. */
export async function containerKeys(services: KeyServices): Promise<S3Keys | null> {
  const { environment } = services;
  const relative = environment['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'];
  const full = environment['AWS_CONTAINER_CREDENTIALS_FULL_URI'];
  if (!relative && !full) return null;
  const url = new URL(relative ? `http://169.254.170.2${relative}` : (full ?? ''));
  if (url.protocol !== 'https:' && !plainHosts.test(url.hostname)) {
    throw new Error(`${url.host} is asked over https alone`);
  }
  const file = environment['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'];
  const token = file ? (await readFile(file, 'utf8')).trim() : environment['AWS_CONTAINER_AUTHORIZATION_TOKEN'];
  return readKeys(await get(services, url.href, token ? { authorization: token } : {}));
}

/** Keys of the virtual machine's role (EC2, instance metadata service version 2); null where it was switched off. Throws an Error that says why there are none. */
export async function instanceKeys(services: KeyServices): Promise<S3Keys | null> {
  const { environment } = services;
  if (environment['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true') return null;
  const base = (environment['AWS_EC2_METADATA_SERVICE_ENDPOINT'] || 'http://169.254.169.254').replace(/\/*$/, '');
  const session = { 'x-aws-ec2-metadata-token-ttl-seconds': '300', 'content-length': '0' };
  const token = await get(services, `${base}/latest/api/token`, session, 'PUT');
  const headers = { 'x-aws-ec2-metadata-token': token };
  const folder = `${base}/latest/meta-data/iam/security-credentials/`;
  const role = (await get(services, folder, headers)).trim().split('\n')[0] ?? '';
  return readKeys(await get(services, folder + encodeURIComponent(role), headers));
}
