import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, request as forward, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createNet } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../../src/values/log.js';
import type { S3Keys, S3Place } from '../../../src/values/s3.js';
import { leaveOut } from '../../support/left-out.js';

/** Keys of the server in these tests. */
export const keys: S3Keys = {
  accessKeyId: 'test-access-key',
  secretAccessKey: 'test-secret/with+signs',
  sessionToken: null,
  expires: null,
};

/** Whether versitygw is there, an S3 server that checks signatures; said where it is not. Throws where CI promises it. */
export function hasServer(): boolean {
  try {
    execFileSync('versitygw', ['--version'], { encoding: 'utf8' });
    return true;
  } catch (error) {
    leaveOut('versitygw on PATH', error);
    return false;
  }
}

/** A port of loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createNet();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What a server in front does with a request: nothing (null), or answers itself. */
export type Meddler = (request: IncomingMessage, response: ServerResponse) => boolean;

/** A real S3 server on loopback, with something in front that can meddle. */
export interface TestBucket {
  readonly place: S3Place;
  /** `METHOD path` of each request so far, without queries. */
  readonly requests: string[];
  /** Where the objects of its prefix lie as files. */
  readonly folder: string;
  /** `cache-url` of it. */
  readonly url: string;
  /** Looks at each request before the server does; true: it has answered. */
  meddle(meddler: Meddler | null): void;
  /** Puts bytes under a key behind everybody's back. */
  plant(key: string, bytes: string | Uint8Array): void;
  /** Makes an object look as if it had been put `seconds` ago. */
  age(key: string, seconds: number): void;
  remove(key: string): void;
  /** Keys of the objects that are there. */
  keys(): string[];
  close(): Promise<void>;
}

/** Starts versitygw over a folder of its own, with one bucket. */
export async function openBucketServer(): Promise<TestBucket> {
  const root = mkdtempSync(join(tmpdir(), 'bucket-'));
  const data = join(root, 'data');
  mkdirSync(join(data, 'wheels-test'), { recursive: true });
  const port = await freePort();
  const child: ChildProcess = spawn('versitygw', ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', data], {
    stdio: 'ignore',
    env: { ...process.env, ROOT_ACCESS_KEY: keys.accessKeyId, ROOT_SECRET_KEY: keys.secretAccessKey },
  });
  const requests: string[] = [];
  let meddler: Meddler | null = null;
  const front: Server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url?.replace(/\?.*/, '')}`);
    if (meddler?.(request, response)) return;
    const passed = forward(
      { port, host: '127.0.0.1', method: request.method, path: request.url, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      },
    );
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  for (let up = false; !up; ) {
    up = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
    if (!up) await sleep(50);
  }
  const folder = join(data, 'wheels-test');
  return {
    place: { bucket: 'wheels-test', prefix: 'team', endpoint, region: null, pathStyle: true },
    requests,
    folder: join(folder, 'team'),
    url: `s3://wheels-test/team?endpoint=${endpoint}`,
    meddle: (next) => {
      meddler = next;
    },
    plant: (key, bytes) => {
      const path = join(folder, 'team', key);
      mkdirSync(dirname(path), { recursive: true });
      rmSync(path, { force: true });
      writeFileSync(path, bytes);
    },
    age: (key, seconds) => {
      const when = Date.now() / 1000 - seconds;
      utimesSync(join(folder, 'team', key), when, when);
    },
    remove: (key) => rmSync(join(folder, 'team', key), { force: true }),
    keys: () =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, 'team/').length))
        .sort(),
    close: async () => {
      front.closeAllConnections();
      await new Promise((resolve) => front.close(resolve));
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill();
      await ended;
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** A log that keeps what it is told. */
export function listeningLog(): Log & { readonly said: string[]; readonly masked: string[] } {
  const [said, masked]: [string[], string[]] = [[], []];
  return {
    said,
    masked,
    info: (text) => said.push(text),
    warn: ({ text }) => said.push(text),
    debug: (text) => said.push(text),
    progress: () => undefined,
    mask: (secret) => masked.push(secret),
  };
}
