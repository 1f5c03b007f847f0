/** An image by its full name, as the registry that holds it knows it. */
export interface ImageReference {
  /** Host, with a port where it has one: `docker.io`, `harbor.example:8443`. */
  readonly registry: string;
  /** `library/python`, `paddlepaddle/paddle`. */
  readonly repository: string;
  /** Null where only a digest names it. */
  readonly tag: string | null;
  /** `sha256:` and 64 hex digits, or null. */
  readonly digest: string | null;
}

/** An image to pull ahead: the first of the sources that has it, under the name that was asked for. */
export interface ImageWish {
  /** In order of wish; never empty. */
  readonly sources: readonly ImageReference[];
  /** Name it gets: the one behind `as`, else that of the first source; null where that has no tag. */
  readonly name: string | null;
}

/** What an image that was pulled is, and what pulling took. */
export interface PulledImage {
  /** As it was asked for. */
  readonly wanted: string;
  /** Where it came from: the full name. */
  readonly from: string;
  /** Names it has now. */
  readonly tagged: string | null;
  /** `sha256:...` of the manifest that the registry served. */
  readonly digest: string | null;
  /** Bytes that came over the network, as the daemon counts them; null where the program does not tell. */
  readonly bytes: number | null;
  readonly ms: number;
  /** The daemon had it already. */
  readonly present: boolean;
  readonly by: 'docker' | 'podman';
}

/** Why a mirror is of no use, told apart by what a pull does: each has another remedy. */
export type MirrorFaultKind =
  | 'unreachable'
  | 'tls'
  | 'not-a-registry'
  | 'token-host'
  | 'login'
  | 'rate-limit'
  | 'allow-list'
  | 'missing'
  | 'wrong-digest'
  | 'status';

/** A mirror of Docker Hub that was looked at by what a pull does. */
export interface MirrorVerdict {
  /** Address without a slash at its end. */
  readonly url: string;
  /** Name of the catalogue, or the host. */
  readonly id: string;
  /** Digest that it gives for each image that was asked for, by full name. */
  readonly digests: Readonly<Record<string, string>>;
  /** Milliseconds for token, manifest and the first bytes of a blob of one image. */
  readonly ms: number;
  readonly fault: { readonly kind: MirrorFaultKind; readonly detail: string; readonly remedy: string } | null;
}

/** The full name: `docker.io/paddlepaddle/paddle:3.3.1`, with the digest at its end where there is one. */
export function fullName({ registry, repository, tag, digest }: ImageReference): string {
  return `${registry}/${repository}${tag === null ? '' : `:${tag}`}${digest === null ? '' : `@${digest}`}`;
}

/** The name that people and `docker images` use: without Docker Hub's host and its `library/`. */
export function shortName(reference: ImageReference): string {
  return fullName(reference).replace(/^docker\.io\/(?:library\/)?/, '');
}

/** Everything that the folder for a build holds; one that holds anything else is not ours to fill. */
export const contextNames = [
  'wheels',
  'requirements.txt',
  'pip.conf',
  'Dockerfile',
  'Dockerfile.classic',
  '.dockerignore',
] as const;
