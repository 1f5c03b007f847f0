import type { HttpClient } from '../values/http.js';
import { fullName, type ImageReference, type MirrorVerdict } from '../values/images.js';
import { RegistryRefusal } from './refusal.js';
import { lookAt } from './registry.js';

/** A mirror of Docker Hub and the images to ask it for. */
export interface MirrorQuestion {
  readonly id: string;
  /** Without a slash at its end. */
  readonly url: string;
  /** Docker Hub's images that the job needs; never empty. */
  readonly images: readonly ImageReference[];
  readonly architecture: string;
  readonly signal: AbortSignal;
}

/** Looks at a mirror by what a pull does, one image after the other; the first refusal ends it. Never with credentials: they are Docker Hub's. */
export async function probeMirror(client: HttpClient, question: MirrorQuestion): Promise<MirrorVerdict> {
  const { id, url, images, architecture, signal } = question;
  const started = performance.now();
  const digests: Record<string, string> = {};
  let fault: MirrorVerdict['fault'] = null;
  for (const image of images) {
    try {
      digests[fullName(image)] = await lookAt(client, { base: url, image, architecture, credentials: null, signal });
    } catch (error) {
      if (!(error instanceof RegistryRefusal)) throw error;
      fault = { kind: error.kind, detail: error.message, remedy: error.remedy };
      break;
    }
  }
  return { id, url, digests, ms: performance.now() - started, fault };
}

/** Images for which two mirrors name different content, each with who said what; a tag may have moved, or one of them is not honest. */
export function disagreements(verdicts: readonly MirrorVerdict[]): readonly string[] {
  const names = new Set(verdicts.flatMap(({ digests }) => Object.keys(digests)));
  return [...names].flatMap((name) => {
    const said = verdicts.flatMap(({ id, digests }) =>
      digests[name] === undefined ? [] : [{ id, digest: digests[name] }],
    );
    if (new Set(said.map(({ digest }) => digest)).size < 2) return [];
    return [`${name} is ${said.map(({ id, digest }) => `${digest} at ${id}`).join(', ')}`];
  });
}
