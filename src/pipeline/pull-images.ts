import { findLogin, givenLogin } from '../images/login.js';
import { openPodman } from '../images/podman.js';
import { pullImage } from '../images/pull.js';
import { describePulled } from '../report/containers.js';
import { findProgram } from '../runner/find-program.js';
import type { ImageHolder } from '../values/engine.js';
import { Failure, type Problem } from '../values/failure.js';
import { tell } from './conclude.js';
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

/** podman takes a password from a terminal, a file or its arguments, which every user of the machine sees: none of them will do. */
function tellPodmanLogins(run: Run): void {
  const { dockerImages, indexCredentials } = run.request;
  const registries = new Set(dockerImages.flatMap(({ sources }) => sources.map(({ registry }) => registry)));
  const named = [...registries].filter((registry) => givenLogin(registry, indexCredentials) !== null);
  tell(
    run,
    named.map((registry) => ({
      id: `podman-credentials-${registry}`,
      text: `podman can't be handed the line of index-credentials for ${registry} in memory, so it is not used: run \`podman login ${registry}\` before.`,
    })),
  );
}

/** Pulls the images one after the other: a daemon already fetches the layers of one side by side. Throws Failure(1) that names every source of one that no source gave. */
export async function pullImages(run: Run, holder: ImageHolder): Promise<void> {
  const { request, context, deadline, story } = run;
  const { environment, home, log } = context;
  const { signal } = deadline;
  const login = async (registry: string) => {
    const notice = (text: string): void => tell(run, [{ id: `docker-login-${registry}`, text }]);
    try {
      const given = givenLogin(registry, request.indexCredentials);
      return given ?? (await findLogin(registry, home, { environment, signal, notice }));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const what = `Docker's own settings can't be read: ${error.message}.`;
      throw new Failure(1, [{ where: 'docker-images', what, remedy: 'Correct that file.' }], { cause: error });
    }
  };
  if (holder.name === 'podman') tellPodmanLogins(run);
  for (const wish of request.dockerImages) {
    const pulled = await context.timeline.step('Pull images', () => pullImage(wish, { holder, login, log, signal }));
    log.info(describePulled(pulled));
    const { mirrors = [], told = [], images = [] } = story.containers ?? {};
    story.containers = { mirrors, told, images: [...images, pulled] };
  }
}
