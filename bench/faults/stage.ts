import { connect, createServer, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { type Authority, makeAuthority } from '../../__tests__/support/certificates.js';
import { type Mirror, type MirrorOptions, startMirror } from '../../__tests__/support/mirror.js';
import { type Damage, type Place, startBadMirror } from './bad-mirror.js';

/** The servers of one trial: whoever builds a scene starts them here, and they end together. */
export interface Stage {
  /** A mirror that has everything and answers well. */
  good(options?: Omit<MirrorOptions, 'files'>): Promise<Mirror>;
  /** A mirror that has everything and answers as `damage` wishes. */
  bad(damage: Damage, tls?: { readonly key: string; readonly cert: string }): Promise<Place>;
  /** An index without a project. */
  empty(): Promise<Mirror>;
  /** Address of a simple index where nobody listens. */
  closed(): Promise<string>;
  /** Address of a simple index whose host answers no attempt to connect. */
  hanging(): Promise<string>;
  authority(): Promise<Authority>;
  /** Body bytes of files that its mirrors have handed to clients. */
  bytes(): number;
  close(): Promise<void>;
}

/** Listens and never takes a connection from the queue, since its thread sleeps; a full queue leaves an attempt without any answer. */
const deaf = `
const { createServer } = require('node:net');
const { parentPort } = require('node:worker_threads');
const server = createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});`;

async function startDeaf(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const worker = new Worker(deaf, { eval: true });
  const port = await new Promise<number>((resolve, reject) => worker.once('message', resolve).once('error', reject));
  const queued: Socket[] = [];
  // The queue is full when a connection is not accepted within a moment.
  for (let full = false; !full && queued.length < 16; ) {
    const socket = connect(port, '127.0.0.1');
    queued.push(socket);
    full = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(true), 150);
      socket.once('connect', () => {
        clearTimeout(timer);
        resolve(false);
      });
      socket.on('error', () => undefined);
    });
  }
  return {
    port,
    async close() {
      for (const socket of queued) socket.destroy();
      await worker.terminate();
    },
  };
}

/** Sets up a stage for mirrors that have `files`: project → file name → content or path. */
export function openStage(files: MirrorOptions['files']): Stage {
  const seen: { readonly bytes: number }[] = [];
  const opened: { close(): Promise<unknown> }[] = [];
  let certificates: Promise<Authority> | null = null;
  const mirror = async (options: MirrorOptions): Promise<Mirror> => {
    const started = await startMirror(options);
    opened.push(started);
    return started;
  };
  const good = async (options: Omit<MirrorOptions, 'files'> = {}): Promise<Mirror> => {
    const started = await mirror({ ...options, files });
    seen.push(started);
    return started;
  };
  return {
    good,
    async bad(damage, tls) {
      const hidden = await mirror({ files });
      const place = await startBadMirror(hidden.url, damage, tls ?? null);
      opened.push(place);
      seen.push(place);
      return place;
    },
    empty: () => mirror({ files: {}, paddle: true }),
    async closed() {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      await new Promise((resolve) => server.close(resolve));
      return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/simple/`;
    },
    async hanging() {
      const host = await startDeaf();
      opened.push(host);
      return `http://127.0.0.1:${host.port}/simple/`;
    },
    authority: () => {
      certificates ??= makeAuthority();
      return certificates;
    },
    bytes: () => seen.reduce((sum, { bytes }) => sum + bytes, 0),
    async close() {
      await Promise.all(opened.map((one) => one.close()));
      await (await certificates)?.remove();
    },
  };
}
