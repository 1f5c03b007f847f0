import { findLogin } from '../images/login.js';
import { openPodman } from '../images/podman.js';
import { pullImage } from '../images/pull.js';
import { formatBytes, formatDuration } from '../report/progress.js';
import { findProgram } from '../runner/find-program.js';
import type { ImageHolder } from '../values/engine.js';
import { Failure, type Problem } from '../values/failure.js';
import type { PulledImage } from '../values/images.js';
import type { Run } from './context.js';
import type { Answering } from './docker-daemon.js';

/** Who is to hold the images: the Docker daemon where one answers, else podman; or why neither does. */
export async function findHolder(
  { context, deadline }: Run,
  docker: Answering | Problem,
  variables: Readonly<Record<string, string>>,
): Promise<ImageHolder | Problem> {
  if ('engine' in docker) return docker.engine;
  const podman = await findProgram('podman', context.environment);
  if (podman === null) return docker;
  context.log.info(`Images are pulled by podman: ${docker.what}`);
  return openPodman(podman, { ...context.environment, ...variables }, () => deadline.remainingMs());
}

function describe({ wanted, from, digest, bytes, ms, present }: PulledImage): string {
  const what =
    present || bytes === 0 ? 'was there already' : bytes === null ? 'pulled' : `${formatBytes(bytes)} pulled`;
  const where = wanted === from || from.endsWith(`/${wanted}`) ? '' : ` from ${from}`;
  return `${wanted}: ${what}${where} in ${formatDuration(ms)}${digest === null ? '' : `, ${digest}`}`;
}

/** Pulls the images one after the other: a daemon already fetches the layers of one side by side. Throws Failure(1) that names every source of one that no source gave. */
export async function pullImages(run: Run, holder: ImageHolder): Promise<void> {
  const { request, context, deadline, story } = run;
  const { environment, home, log } = context;
  const { signal } = deadline;
  const login = async (registry: string) => {
    try {
      return await findLogin(registry, environment, home, signal);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const what = `Docker's own settings can't be read: ${error.message}.`;
      throw new Failure(1, [{ where: 'docker-images', what, remedy: 'Correct its config.json.' }], { cause: error });
    }
  };
  for (const wish of request.dockerImages) {
    const pulled = await context.timeline.step('Pull images', () => pullImage(wish, { holder, login, log, signal }));
    log.info(describe(pulled));
    const { mirrors = [], told = [], images = [] } = story.containers ?? {};
    story.containers = { mirrors, told, images: [...images, pulled] };
  }
}
