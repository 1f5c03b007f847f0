import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isNativeError } from 'node:util/types';
import { leaveOut } from './left-out.js';

/** A real registry (Debian's docker-registry) on loopback. */
export interface Registry {
  readonly url: string;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** What it was asked so far, from its own access log. */
  requests(): Promise<readonly Asked[]>;
  close(): Promise<void>;
}

/** A request as a registry's access log has it. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly agent: string;
}

/** A line of the log: host, two names, time, then `"GET /v2/ HTTP/1.1" 200 2 "REFERRER" "AGENT"` (Apache's combined form). */
const logged = /"(\S+) (\S+) HTTP\/[\d.]+" (\d+) \S+ "[^"]*" "([^"]*)"/;

/** Finds a port of loopback that nobody uses. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Asks until something answers, at most 20 s. */
export async function untilUp(what: string, isUp: () => Promise<boolean>): Promise<void> {
  for (const until = Date.now() + 20_000; ; await sleep(50)) {
    if (await isUp().catch(() => false)) return;
    if (Date.now() > until) throw new Error(`${what} did not come up`);
  }
}

/** Ends a process that we started and waits for its end. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

/** Whether programs are on PATH; with CI=true a missing one is an error, else the skip is printed. */
export function has(...programs: readonly string[]): boolean {
  const missing = programs.filter((program) => {
    try {
      execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
      return false;
    } catch (error) {
      // The tests have an Error of their own.
      if (isNativeError(error)) return true;
      throw error;
    }
  });
  if (missing.length === 0) return true;
  leaveOut(`${missing.join(', ')} on PATH`);
  return false;
}

/** Starts a registry with its own folder; with a login it lets nobody in without. */
export async function startRegistry(login?: {
  readonly username: string;
  readonly password: string;
}): Promise<Registry> {
  const folder = await mkdtemp(join(tmpdir(), 'registry-'));
  const host = `127.0.0.1:${await freePort()}`;
  const users = join(folder, 'htpasswd');
  if (login !== undefined) await writeFile(users, execFileSync('htpasswd', ['-Bbn', login.username, login.password]));
  const configuration = {
    version: '0.1',
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    http: { addr: host },
    ...(login === undefined ? {} : { auth: { htpasswd: { realm: 'loopback', path: users } } }),
  };
  // JSON is YAML too.
  await writeFile(join(folder, 'config.yml'), JSON.stringify(configuration));
  const log = join(folder, 'access.log');
  const opened = await open(log, 'a');
  const child = spawn('docker-registry', ['serve', join(folder, 'config.yml')], {
    stdio: ['ignore', opened.fd, 'ignore'],
  });
  await opened.close();
  const url = `http://${host}`;
  await untilUp('docker-registry', async () => (await fetch(`${url}/v2/`)).status > 0);
  return {
    url,
    host,
    async requests() {
      const lines = (await readFile(log, 'utf8')).split('\n');
      return lines.flatMap((line) => {
        const [, method = '', path = '', status = '', agent = ''] = logged.exec(line) ?? [];
        return method === '' ? [] : [{ method, path, status: Number(status), agent }];
      });
    },
    async close() {
      await end(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const sha256 = (bytes: string | Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** A tar with one file, of Node's own making: a layer of 512-byte blocks (POSIX ustar). */
function tar(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([header, content, padding, Buffer.alloc(1024)]);
}

/** Puts an image with one file into a registry by its own protocol and gives the digest of its manifest. */
export async function pushImage(
  { url }: Pick<Registry, 'url'>,
  repository: string,
  tag: string,
  content: Buffer,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const layer = tar('content.txt', content);
  const config = JSON.stringify({
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Cmd: ['/content.txt'] },
    rootfs: { type: 'layers', diff_ids: [sha256(layer)] },
  });
  const upload = async (bytes: string | Buffer): Promise<void> => {
    const begun = await fetch(`${url}/v2/${repository}/blobs/uploads/`, { method: 'POST', headers });
    const place = new URL(begun.headers.get('location') ?? '', url);
    place.searchParams.set('digest', sha256(bytes));
    const put = await fetch(place, {
      method: 'PUT',
      headers: { ...headers, 'content-type': 'application/octet-stream' },
      body: new Uint8Array(Buffer.from(bytes)),
    });
    if (put.status !== 201) throw new Error(`the registry answered ${put.status} to a blob: ${await put.text()}`);
  };
  await upload(layer);
  await upload(config);
  const type = 'application/vnd.docker.distribution.manifest.v2+json';
  const describe = (mediaType: string, bytes: string | Buffer) => ({
    mediaType,
    size: Buffer.byteLength(bytes),
    digest: sha256(bytes),
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: type,
    config: describe('application/vnd.docker.container.image.v1+json', config),
    layers: [describe('application/vnd.docker.image.rootfs.diff.tar', layer)],
  });
  const put = await fetch(`${url}/v2/${repository}/manifests/${tag}`, {
    method: 'PUT',
    headers: { ...headers, 'content-type': type },
    body: manifest,
  });
  if (put.status !== 201) throw new Error(`the registry answered ${put.status} to a manifest: ${await put.text()}`);
  return sha256(manifest);
}
