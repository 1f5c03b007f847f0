import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createClient } from '../../../src/net/client.js';
import { type KeyRing, openKeys } from '../../../src/store/s3/keys.js';
import { S3Refusal } from '../../../src/store/s3/refusal.js';
import { listeningLog } from './bucket.js';

const network = { httpsProxy: null, httpProxy: null, noProxy: [], caFiles: [] };
const client = createClient({ network, version: '0.0.0', log: listeningLog() });
const soon = (ms: number): string => new Date(Date.now() + ms).toISOString();
/** Nobody is asked for keys of the virtual machine. */
const noInstance = { AWS_EC2_METADATA_DISABLED: 'true' };

type Answer = (request: IncomingMessage, body: string) => string | number | null;

/** A service on loopback: `answer` gives a text, a status, or null for silence. */
async function serve(answer: Answer): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    request.on('data', (piece: Buffer) => {
      body += piece.toString();
    });
    request.on('end', () => {
      const said = answer(request, body);
      if (typeof said === 'number') response.writeHead(said).end();
      else if (said !== null) response.end(said);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('the keys of a job', () => {
  let home: string;
  let log: ReturnType<typeof listeningLog>;
  let open: { close(): Promise<void> }[];

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 's3-keys-'));
    mkdirSync(join(home, '.aws'));
    log = listeningLog();
    open = [];
  });
  afterEach(async () => {
    for (const service of open) await service.close();
    rmSync(home, { recursive: true, force: true });
  });
  afterAll(() => client.close());

  const service = async (answer: Answer): Promise<string> => {
    const started = await serve(answer);
    open.push(started);
    return started.url;
  };
  const ring = (environment: NodeJS.ProcessEnv, region: string | null = null): Promise<KeyRing> =>
    openKeys({ client, direct: client, environment, home, region, log, signal: AbortSignal.timeout(60_000) });
  const write = (file: string, text: string): string => {
    writeFileSync(join(home, '.aws', file), text);
    return join(home, '.aws', file);
  };
  const given = (name: string, end: string | null = null): string =>
    JSON.stringify({ AccessKeyId: name, SecretAccessKey: `${name}-secret`, Token: `${name}-token`, Expiration: end });
  const held = (name: string) => ({
    accessKeyId: name,
    secretAccessKey: `${name}-secret`,
    sessionToken: `${name}-token`,
  });

  test('in the environment come before a profile', async () => {
    write('credentials', '[default]\naws_access_key_id = filed\naws_secret_access_key = filed-secret\n');
    const environment = {
      AWS_ACCESS_KEY_ID: 'env',
      AWS_SECRET_ACCESS_KEY: 'env-secret',
      AWS_SESSION_TOKEN: 'env-token',
    };
    expect(await (await ring({ ...environment, ...noInstance })).get()).toMatchObject(held('env'));
    expect(log.masked).toEqual(expect.arrayContaining(['env', 'env-secret', 'env-token']));
  });

  test('are read from the profile that is named, its region from the other file', async () => {
    write(
      'credentials',
      '# team\n[default]\naws_access_key_id = no\n\n[ci]\r\naws_access_key_id = filed\naws_secret_access_key = a=b/c+d#e\n',
    );
    write('config', '[profile ci]\nregion = eu-west-3\ns3 =\n  max_concurrent_requests = 20\n[ci]\n[sso-session ci]\n');
    const opened = await ring({ AWS_PROFILE: 'ci', ...noInstance });
    expect(opened.region).toBe('eu-west-3');
    expect(await opened.get()).toMatchObject({
      accessKeyId: 'filed',
      secretAccessKey: 'a=b/c+d#e',
      sessionToken: null,
    });
    expect((await ring({ AWS_PROFILE: 'ci', AWS_REGION: 'us-west-1' })).region).toBe('us-west-1');
    expect((await ring({ AWS_PROFILE: 'ci', AWS_REGION: 'us-west-1' }, 'cn-north-1')).region).toBe('cn-north-1');
    expect(log.masked).toContain('a=b/c+d#e');
  });

  test('are read from files at other places', async () => {
    const file = write('elsewhere', '[default]\naws_access_key_id = moved\naws_secret_access_key = moved-secret\n');
    const opened = await ring({ AWS_SHARED_CREDENTIALS_FILE: file, ...noInstance });
    expect(await opened.get()).toMatchObject({ accessKeyId: 'moved' });
  });

  test('of a profile that signs in by another program are refused with the command that shows them', async () => {
    write('config', '[default]\ncredential_process = keys.exe\n');
    const refused = (await ring(noInstance)).get();
    await expect(refused).rejects.toThrow(/profile default: it uses credential_process.*export-credentials/);
  });

  test('are exchanged for a web identity, by a form with the token of the file', async () => {
    const asked: string[] = [];
    const url = await service((request, body) => {
      asked.push(`${request.method} ${body}`);
      return `<AssumeRoleWithWebIdentityResponse><Credentials><AccessKeyId>web</AccessKeyId><SecretAccessKey>web-secret</SecretAccessKey>
        <SessionToken>web-token</SessionToken><Expiration>${soon(3_600_000)}</Expiration></Credentials></AssumeRoleWithWebIdentityResponse>`;
    });
    const role = 'arn:aws:iam::123456789012:role/ci';
    const file = write('token', 'a.b.c\n');
    const environment = {
      AWS_WEB_IDENTITY_TOKEN_FILE: file,
      AWS_ROLE_ARN: role,
      AWS_ENDPOINT_URL_STS: url,
      ...noInstance,
    };
    expect(await (await ring(environment)).get()).toMatchObject(held('web'));
    expect(asked).toEqual([expect.stringMatching(/^POST Action=AssumeRoleWithWebIdentity&/)]);
    expect(Object.fromEntries(new URLSearchParams(asked[0]?.replace('POST ', '')))).toMatchObject({
      RoleArn: role,
      WebIdentityToken: 'a.b.c',
      RoleSessionName: 'paddle-mirror-setup',
    });
    write('config', `[default]\nrole_arn = ${role}\nweb_identity_token_file = ${file}\n`);
    const byProfile = await ring({ AWS_ENDPOINT_URL_STS: url, ...noInstance });
    expect(await byProfile.get()).toMatchObject(held('web'));
  });

  test('of a web identity that is refused: the service is quoted, the token is not', async () => {
    const url = await service((_request, body) => (body === '' ? 500 : 403));
    const environment = { AWS_WEB_IDENTITY_TOKEN_FILE: write('token', 'a.b.c'), AWS_ROLE_ARN: 'arn', ...noInstance };
    const refusal = (await ring({ ...environment, AWS_ENDPOINT_URL_STS: url })).get();
    await expect(refusal).rejects.toThrow(/web identity: the token service answered 403/);
    await expect(refusal).rejects.not.toThrow(/a\.b\.c/);
  });

  test('of a container are fetched with its token, and renewed before they end', async () => {
    let gave = 0;
    const url = await service(({ headers }) => {
      if (headers.authorization !== 'pod-token') return 401;
      gave += 1;
      return given(`box${gave}`, soon(gave === 1 ? 60_000 : 3_600_000));
    });
    const file = write('pod', 'pod-token\n');
    const environment = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/keys`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
    };
    const opened = await ring({ ...environment, ...noInstance });
    expect(await opened.get()).toMatchObject(held('box1'));
    expect(await opened.get()).toMatchObject(held('box2'));
    expect(await opened.get()).toMatchObject(held('box2'));
    expect(gave).toBe(2);
    expect(log.masked).toEqual(expect.arrayContaining(['box1-secret', 'box2-secret', 'box2-token']));
  });

  test('that could not be renewed are used on, and asked for again a little later', async () => {
    let asked = 0;
    const url = await service(() => {
      asked += 1;
      return asked === 2 ? 500 : given(`box${asked}`, soon(asked === 1 ? 60_000 : 3_600_000));
    });
    const opened = await ring({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/keys`, ...noInstance });
    for (let times = 0; times < 3; times += 1) expect(await opened.get()).toMatchObject(held('box1'));
    expect(asked).toBe(2);
    const real = Date.now;
    try {
      Date.now = () => real() + 20_000;
      await opened.get();
      expect(await opened.get()).toMatchObject(held('box3'));
    } finally {
      Date.now = real;
    }
  });

  test('of a container are asked for over plain http on this machine alone', async () => {
    const environment = { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://keys.example/', ...noInstance };
    await expect((await ring(environment)).get()).rejects.toThrow(/container: keys\.example is asked over https alone/);
  });

  test('of a virtual machine are fetched with a session token', async () => {
    const asked: string[] = [];
    const url = await service(({ method, url: path, headers }) => {
      asked.push(`${method} ${path}`);
      if (method === 'PUT') return headers['x-aws-ec2-metadata-token-ttl-seconds'] === undefined ? 400 : 'session';
      if (headers['x-aws-ec2-metadata-token'] !== 'session') return 401;
      return path?.endsWith('/') === true ? 'ci role\n' : given('vm', soon(3_600_000));
    });
    const opened = await ring({ AWS_EC2_METADATA_SERVICE_ENDPOINT: `${url}/` });
    expect(await opened.get()).toMatchObject(held('vm'));
    const folder = '/latest/meta-data/iam/security-credentials/';
    expect(asked).toEqual(['PUT /latest/api/token', `GET ${folder}`, `GET ${folder}ci%20role`]);
  });

  test('that nobody has: one refusal names every place, and a silent machine costs seconds', async () => {
    const url = await service(() => null);
    const broken = await service(() => 'no JSON');
    const environment = { AWS_EC2_METADATA_SERVICE_ENDPOINT: url, AWS_CONTAINER_CREDENTIALS_FULL_URI: broken };
    const refusal = await (await ring(environment)).get().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(S3Refusal);
    expect(refusal).toMatchObject({
      message: expect.stringMatching(/no keys were found.*\(container: .*; instance: /),
      remedy: expect.stringContaining('AWS_ACCESS_KEY_ID'),
    });
  });
});
