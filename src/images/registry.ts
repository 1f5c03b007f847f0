import { createHash } from 'node:crypto';
import type { Credentials } from '../values/credentials.js';
import { type HttpAnswer, type HttpClient, HttpFault } from '../values/http.js';
import type { ImageReference } from '../values/images.js';
import { RegistryRefusal, refusalOf, refusalOfFault } from './refusal.js';
import { authorise } from './token.js';

/** Largest manifest a registry has to take (distribution specification), bytes; a config of an image is smaller too. */
const manifestBytes = 4 * 2 ** 20;
/** Bytes of a layer that prove that layers come. */
const layerBytes = 65_536;
const headersMs = 10_000;
const connectMs = 8_000;
const rootNeeded = 'Check the address: it must be the root of a registry.';

const accept = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** Where and what to look at. */
export interface Look {
  /** Root of the registry or mirror. */
  readonly base: string;
  readonly image: ImageReference;
  /** Processor in the words of images: `amd64`, `arm64`. */
  readonly architecture: string;
  readonly credentials: Credentials | null;
  readonly signal: AbortSignal;
}

interface Descriptor {
  readonly digest: string;
  readonly platform?: { readonly architecture?: string; readonly os?: string };
}

interface Manifest {
  readonly manifests?: readonly Descriptor[];
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
}

const digestOf = (bytes: string | Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function readFirst(answer: HttpAnswer): Promise<void> {
  let size = 0;
  for await (const piece of answer.body) {
    size += piece.length;
    // A server without ranges would send the whole layer.
    if (size >= layerBytes) break;
  }
  answer.cancel();
}

/** One registry, asked for one repository. Answers other than 200 are refusals; what breaks on the way is a HttpFault. */
function openRepository(client: HttpClient, { base, image, credentials, signal }: Look) {
  const { host } = new URL(base);
  const { repository } = image;
  const root = `${base.replace(/\/+$/, '')}/v2/`;
  let authorization: Readonly<Record<string, string>> = {};
  const ask = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<HttpAnswer> =>
    client.request({ url: root + path, headers: { ...authorization, ...headers }, signal, headersMs, connectMs });
  const checked = async (asked: string, answer: HttpAnswer, wanted: string | null): Promise<string> => {
    const text = await answer.text(manifestBytes);
    if (answer.status !== 200) throw refusalOf(host, asked, answer.status, text);
    const digest = digestOf(text);
    const stated = wanted ?? answer.headers['docker-content-digest'] ?? digest;
    if (digest === stated) return text;
    const what = `${host} gave ${digest} for ${asked}, which should be ${stated}.`;
    throw new RegistryRefusal('wrong-digest', what, 'Do not use it: what it serves is not what it says.');
  };
  // Mirrors of several registries tell them apart by it; the others ignore it (containerd's `ns`).
  const path = (kind: 'manifests' | 'blobs', name: string): string =>
    `${repository}/${kind}/${name}?ns=${image.registry}`;
  return {
    /** Greets the registry and gets what it wants to see before it serves. */
    async enter(): Promise<void> {
      const greeting = await ask('');
      const { status, headers } = greeting;
      if (status !== 200 && status !== 401)
        throw refusalOf(host, 'the root of a registry, /v2/', status, await greeting.text(manifestBytes));
      greeting.cancel();
      if (status === 401) {
        const challenge = headers['www-authenticate'] ?? '';
        const value = await authorise(client, new URL(base), challenge, repository, credentials, signal);
        authorization = { authorization: value };
      } else if (/text\/html/.test(headers['content-type'] ?? '')) {
        throw new RegistryRefusal('not-a-registry', `${host} answered with a web page.`, rootNeeded);
      }
    },
    /** The manifest of a tag or digest, with the digest of its bytes. */
    async manifest(name: string): Promise<{ readonly digest: string; readonly manifest: Manifest }> {
      const byDigest = name.startsWith('sha256:');
      const asked = `the manifest of ${repository}${byDigest ? '@' : ':'}${name}`;
      const text = await checked(asked, await ask(path('manifests', name), { accept }), byDigest ? name : null);
      try {
        return { digest: digestOf(text), manifest: JSON.parse(text) as Manifest };
      } catch (cause) {
        throw new RegistryRefusal('not-a-registry', `${host} gave ${asked} that is no JSON.`, rootNeeded, { cause });
      }
    },
    async config({ digest }: Descriptor): Promise<void> {
      await checked(`the config of ${repository}`, await ask(path('blobs', digest)), digest);
    },
    async layer({ digest }: Descriptor): Promise<void> {
      const answer = await ask(path('blobs', digest), { range: `bytes=0-${layerBytes - 1}` });
      if (answer.status !== 200 && answer.status !== 206)
        throw refusalOf(host, `a layer of ${repository}`, answer.status, await answer.text(manifestBytes));
      await readFirst(answer);
    },
  };
}

/**
 * Does what a pull does, up to the first bytes of a layer: greeting, token, manifest by tag or digest, the manifest for this processor, the
 * config, a layer. A manifest alone proves nothing: mirrors refuse at the blob too. Gives the digest (`sha256:...`) that the name stands
 * for there. Throws RegistryRefusal.
 */
export async function lookAt(client: HttpClient, look: Look): Promise<string> {
  const { image, architecture } = look;
  const repository = openRepository(client, look);
  try {
    await repository.enter();
    const { digest, manifest } = await repository.manifest(image.digest ?? image.tag ?? 'latest');
    const builds = manifest.manifests ?? [];
    const own = builds.find(({ platform }) => platform?.architecture === architecture && platform.os === 'linux');
    const build = own ?? builds[0];
    const { config, layers = [] } = build === undefined ? manifest : (await repository.manifest(build.digest)).manifest;
    const [layer] = layers;
    if (config !== undefined) await repository.config(config);
    if (layer !== undefined) await repository.layer(layer);
    return digest;
  } catch (error) {
    if (error instanceof HttpFault) throw refusalOfFault(error, false);
    throw error;
  }
}
