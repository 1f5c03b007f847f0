import { type IncomingMessage, request } from 'node:http';
import type { Credentials } from '../values/credentials.js';
import { type Engine, EngineFault, type EngineInfo } from '../values/engine.js';
import { errorCode } from '../values/system-error.js';
import { createPullCount } from './pull-events.js';

/** A daemon answers a question about itself at once; while it pulls, something is said at least every few seconds. */
const answerMs = 15_000;
const silenceMs = 180_000;

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds without a byte until it is given up. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

function ask(socketPath: string, { method, path, headers = {}, limitMs, signal }: Call): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path, headers: { host: 'docker', ...headers }, signal, agent: false });
    asked.setTimeout(limitMs, () => asked.destroy(new Error(`nothing came within ${limitMs / 1000} s`)));
    asked.once('response', resolve);
    asked.once('error', reject);
    asked.end();
  });
}

function messageIn(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === 'string' ? message : text.trim();
  } catch (error) {
    if (error instanceof SyntaxError) return text.trim();
    throw error;
  }
}

/**
 * X-Registry-Auth: JSON in URL-safe base64 (Docker Engine API, "Authentication"), with its padding: dockerd takes a text without it for no
 * login at all (Go's `base64.URLEncoding`; seen with 20.10).
 */
function authHeader(registry: string, { username, password }: Credentials): Record<string, string> {
  const serveraddress = registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry;
  const text = JSON.stringify({ username, password, serveraddress });
  return { 'x-registry-auth': Buffer.from(text).toString('base64').replaceAll('+', '-').replaceAll('/', '_') };
}

function toInfo(found: unknown): EngineInfo {
  const { ServerVersion, OperatingSystem, SecurityOptions, RegistryConfig } = found as {
    ServerVersion?: string;
    OperatingSystem?: string;
    SecurityOptions?: readonly string[] | null;
    RegistryConfig?: {
      Mirrors?: readonly string[] | null;
      IndexConfigs?: Readonly<Record<string, { readonly Secure?: boolean }>> | null;
    } | null;
  };
  const registries = Object.entries(RegistryConfig?.IndexConfigs ?? {});
  return {
    version: ServerVersion ?? '',
    system: OperatingSystem ?? '',
    rootless: SecurityOptions?.some((option) => option.includes('rootless')) ?? false,
    mirrors: RegistryConfig?.Mirrors ?? [],
    insecure: registries.flatMap(([name, { Secure }]) => (Secure === false ? [name] : [])),
  };
}

/** Speaks to the Docker daemon behind a socket (https://docs.docker.com/reference/api/engine/). Nothing is asked before the first call. */
export function openEngine(socket: string): Engine {
  /** Reads an answer piece by piece and gives its status; the limits hold for the whole of it. */
  async function converse(call: Call, piece: (text: string) => void): Promise<number> {
    try {
      const answer = await ask(socket, call);
      answer.setEncoding('utf8');
      for await (const text of answer as AsyncIterable<string>) piece(text);
      return answer.statusCode ?? 0;
    } catch (error) {
      call.signal.throwIfAborted();
      const message = error instanceof Error ? error.message : String(error);
      throw new EngineFault(`The Docker daemon at ${socket} does not answer: ${message}.`, null, errorCode(error), {
        cause: error,
      });
    }
  }
  async function answer(call: Call): Promise<{ status: number; text: string }> {
    let text = '';
    const status = await converse(call, (piece) => {
      text += piece;
    });
    return { status, text };
  }
  const refused = (status: number, text: string): EngineFault => new EngineFault(messageIn(text), status, null);
  return {
    name: 'docker',
    socket,
    async info(signal) {
      const { status, text } = await answer({ method: 'GET', path: '/info', limitMs: answerMs, signal });
      if (status !== 200) throw refused(status, text);
      return toInfo(JSON.parse(text));
    },
    async image(name, signal) {
      const path = `/images/${encodeURIComponent(name)}/json`;
      const { status, text } = await answer({ method: 'GET', path, limitMs: answerMs, signal });
      if (status === 404) return null;
      if (status !== 200) throw refused(status, text);
      const { Id, RepoDigests } = JSON.parse(text) as { Id: string; RepoDigests?: readonly string[] | null };
      return { id: Id, digests: RepoDigests ?? [] };
    },
    async pull(image, login, progress, signal) {
      const query = new URLSearchParams({
        fromImage: `${image.registry}/${image.repository}`,
        tag: image.digest ?? image.tag ?? 'latest',
      });
      const headers = login === null ? {} : authHeader(image.registry, login);
      const count = createPullCount(progress);
      let text = '';
      const path = `/images/create?${query}`;
      const status = await converse({ method: 'POST', path, headers, limitMs: silenceMs, signal }, (piece) => {
        text = `${text}${piece}`.slice(-100_000);
        count.add(piece);
      });
      if (status !== 200) throw refused(status, text);
      const error = count.error();
      if (error !== null) throw new EngineFault(error, status, null);
      return count.bytes();
    },
    async tag(image, name, signal) {
      const [, repo = name, tag = 'latest'] = /^(.*):([^:/]+)$/.exec(name) ?? [];
      const path = `/images/${encodeURIComponent(image)}/tag?${new URLSearchParams({ repo, tag })}`;
      const { status, text } = await answer({ method: 'POST', path, limitMs: answerMs, signal });
      if (status !== 201) throw refused(status, text);
    },
  };
}
