import { copiesOf } from '../catalog/images.js';
import { type Credentials, secretForms } from '../values/credentials.js';
import { EngineFault, type ImageHolder } from '../values/engine.js';
import { Failure, type Problem } from '../values/failure.js';
import { fullName, type ImageReference, type ImageWish, type PulledImage, shortName } from '../values/images.js';
import type { Log } from '../values/log.js';
import { pullProblem } from './pull-failure.js';

/** What pulling needs beside the images. */
export interface Pulling {
  readonly holder: ImageHolder;
  /** What the machine keeps for a registry, or null. */
  readonly login: (registry: string) => Promise<Credentials | null>;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** The sources of a wish with the catalogue's copies behind them, each once. */
export function sourcesOf({ sources }: ImageWish): readonly ImageReference[] {
  const copies = sources.flatMap((source) =>
    copiesOf(`${source.registry}/${source.repository}`).map((copy) => {
      const [registry = '', ...path] = copy.split('/');
      return { ...source, registry, repository: path.join('/') };
    }),
  );
  const all = [...sources, ...copies];
  return all.filter((one, at) => all.findIndex((other) => fullName(other) === fullName(one)) === at);
}

/** Under what name a daemon holds what it has just pulled: with a digest the tag is not set. */
function heldAs(image: ImageReference): string {
  return shortName(image.digest === null ? image : { ...image, tag: null });
}

async function pullFrom(
  image: ImageReference,
  name: string | null,
  { holder, login, log, signal }: Pulling,
): Promise<PulledImage> {
  const started = performance.now();
  const held = heldAs(image);
  const here = image.digest === null ? null : await holder.image(held, signal);
  const credentials = here === null ? await login(image.registry) : null;
  if (credentials !== null) for (const secret of secretForms(credentials)) log.mask(secret);
  const progress = ({ bytes, total }: { bytes: number; total: number }) =>
    log.progress({ item: held, bytes, total, sources: [image.registry] });
  const bytes = here === null ? await holder.pull(image, credentials, progress, signal) : 0;
  if (name !== null && name !== held) await holder.tag(held, name, signal);
  const found = here ?? (await holder.image(held, signal));
  const own = shortName({ ...image, tag: null, digest: null });
  const digest = found?.digests
    .map((one) => one.split('@'))
    .find(([repository]) => repository === own || repository === `${image.registry}/${image.repository}`)?.[1];
  return {
    wanted: held,
    from: fullName(image),
    tagged: name,
    digest: image.digest ?? digest ?? null,
    bytes,
    ms: performance.now() - started,
    present: here !== null,
    by: holder.name,
  };
}

/**
 * Pulls one image from the first source that gives it and tags it as asked. Where a digest was given, it is pulled by it, so the daemon
 * itself checks every byte. Throws Failure(1) that tells of each source.
 */
export async function pullImage(wish: ImageWish, pulling: Pulling): Promise<PulledImage> {
  const problems: Problem[] = [];
  for (const image of sourcesOf(wish)) {
    try {
      const pulled = await pullFrom(image, wish.name, pulling);
      return { ...pulled, wanted: wish.name ?? pulled.wanted };
    } catch (error) {
      if (!(error instanceof EngineFault)) throw error;
      pulling.log.debug(`${fullName(image)}: ${error.message}`);
      problems.push(pullProblem(image, error.message));
    }
  }
  throw new Failure(1, problems);
}
