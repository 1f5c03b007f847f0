import type { Sourced } from './devices.js';
import mirrorData from './docker-mirrors.json' with { type: 'json' };
import imageData from './images.json' with { type: 'json' };

/** A public mirror of Docker Hub. */
export interface DockerMirror extends Sourced {
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** Without a slash at its end. */
  readonly url: string;
  /** ISO 3166 code, or null for the world. */
  readonly country: string | null;
  readonly note: string;
}

/** A repository of images that stands in more than one registry. */
export interface ImageRepository extends Sourced {
  /** With its registry: `docker.io/paddlepaddle/paddle`. */
  readonly repository: string;
  /** The same images elsewhere, in order of preference, each with its registry. */
  readonly copies: readonly string[];
  readonly note: string;
}

/** Tags of PaddlePaddle's image for one release. */
export interface ImageTags extends Sourced {
  readonly version: string;
  readonly tags: readonly string[];
}

/** The mirrors of Docker Hub that can be named. Any of them may be gone tomorrow, so each is looked at before it is used. */
export const dockerMirrors = mirrorData as readonly DockerMirror[];

/** What is known of PaddlePaddle's images. */
export const images = imageData as {
  readonly repositories: readonly ImageRepository[];
  readonly tags: readonly ImageTags[];
};

/** Other registries that hold the same images, each as `registry/repository`; none for an image that the catalogue does not know. */
export function copiesOf(repository: string): readonly string[] {
  return images.repositories.find((known) => known.repository === repository)?.copies ?? [];
}

/** Tags of PaddlePaddle's image that begin as the given one does (by its version), nearest release first; for a tag that no registry has. */
export function knownTags(tag: string): readonly string[] {
  const version = /^\d+(?:\.\d+)+(?:b\d+|rc\d+)?/.exec(tag)?.[0];
  return images.tags.find((known) => known.version === version)?.tags ?? images.tags.at(-1)?.tags ?? [];
}
