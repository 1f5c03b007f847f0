import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from '../values/system-error.js';

/** Where the Docker daemon of this user is, as the `docker` command would find it. */
export type Endpoint =
  /** A socket of this machine. */
  | { readonly kind: 'socket'; readonly socket: string; readonly origin: string }
  /** Another machine, or a way that only Docker's own tools speak. */
  | { readonly kind: 'elsewhere'; readonly address: string; readonly origin: string };

/** Folder of Docker's own settings for this user. */
export function dockerFolder(environment: NodeJS.ProcessEnv, home: string): string {
  return environment['DOCKER_CONFIG'] || path.join(home, '.docker');
}

/** A JSON file as an object; null where it is missing. Throws SyntaxError, with its path, for one that is broken. */
export async function readSettings(file: string): Promise<Readonly<Record<string, unknown>> | null> {
  try {
    const found: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof found !== 'object' || found === null) throw new SyntaxError('it holds no object');
    return found as Readonly<Record<string, unknown>>;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(errorCode(error) ?? '')) return null;
    if (error instanceof SyntaxError) throw new SyntaxError(`${file} is no JSON object`, { cause: error });
    throw error;
  }
}

function toEndpoint(address: string, origin: string): Endpoint {
  return address.startsWith('unix://')
    ? { kind: 'socket', socket: address.slice('unix://'.length), origin }
    : { kind: 'elsewhere', address, origin };
}

/** The address that a context of the `docker` command names; contexts lie under the SHA-256 of their names. */
async function contextEndpoint(folder: string, name: string, origin: string): Promise<Endpoint> {
  const id = createHash('sha256').update(name).digest('hex');
  const meta = await readSettings(path.join(folder, 'contexts', 'meta', id, 'meta.json'));
  const { Endpoints } = (meta ?? {}) as { Endpoints?: { docker?: { Host?: string } } };
  const address = Endpoints?.docker?.Host ?? '';
  return toEndpoint(address === '' ? `the context ${name}, which has no address` : address, `${origin} ${name}`);
}

function isSocket(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isSocket(),
    () => false,
  );
}

/**
 * Finds the daemon as the `docker` command does: DOCKER_HOST, DOCKER_CONTEXT, the context in use, the system's socket; then that of a
 * rootless daemon. Null: there is none. Throws SyntaxError where Docker's own settings are broken.
 */
export async function findEndpoint(environment: NodeJS.ProcessEnv, home: string): Promise<Endpoint | null> {
  const host = environment['DOCKER_HOST'];
  if (host) return toEndpoint(host, 'DOCKER_HOST');
  const folder = dockerFolder(environment, home);
  const named = environment['DOCKER_CONTEXT'];
  const settings = named ? null : await readSettings(path.join(folder, 'config.json'));
  const used = named || settings?.['currentContext'];
  if (typeof used === 'string' && used !== '' && used !== 'default')
    return contextEndpoint(folder, used, named ? 'DOCKER_CONTEXT' : 'the context');
  const runtime = environment['XDG_RUNTIME_DIR'];
  const sockets = ['/var/run/docker.sock', ...(runtime ? [path.join(runtime, 'docker.sock')] : [])];
  for (const socket of sockets) {
    if (await isSocket(socket)) return { kind: 'socket', socket, origin: socket };
  }
  return null;
}
