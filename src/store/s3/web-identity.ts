import { readFile } from 'node:fs/promises';
import type { HttpClient } from '../../values/http.js';
import type { S3Keys } from '../../values/s3.js';
import { encode } from './sign.js';

/** What an identity token is exchanged with. */
export interface WebIdentity {
  readonly tokenFile: string;
  readonly role: string;
  readonly session: string;
  /** Address of the token service. */
  readonly service: string;
}

const limits = { connectMs: 5_000, headersMs: 10_000, stallMs: 10_000 };

/**
 * Exchanges the identity token of a job (OpenID Connect) for keys that end (AWS Security Token Service, AssumeRoleWithWebIdentity).
 * Throws an Error that says why there are none.
 */
export async function webIdentityKeys(client: HttpClient, wanted: WebIdentity, signal: AbortSignal): Promise<S3Keys> {
  const { tokenFile, role, session, service } = wanted;
  const token = (await readFile(tokenFile, 'utf8')).trim();
  const form = {
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: role,
    RoleSessionName: session,
    WebIdentityToken: token,
  };
  const body = Buffer.from(
    Object.entries(form)
      .map(([name, value]) => `${name}=${encode(value)}`)
      .join('&'),
  );
  const answer = await client.request({
    url: service,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(body.length) },
    body,
    ...limits,
    signal,
  });
  const text = await answer.text(2 ** 16);
  const tag = (name: string): string => new RegExp(`<${name}>([^<]+)</${name}>`).exec(text)?.[1] ?? '';
  const [accessKeyId, secretAccessKey] = [tag('AccessKeyId'), tag('SecretAccessKey')];
  if (answer.status !== 200 || accessKeyId === '' || secretAccessKey === '') {
    throw new Error(`the token service answered ${answer.status} ${tag('Code')}`.trim());
  }
  const expires = Date.parse(tag('Expiration'));
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken: tag('SessionToken') || null,
    expires: Number.isFinite(expires) ? expires : null,
  };
}
