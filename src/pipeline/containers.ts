import { images as known } from '../catalog/images.js';
import { buildkitEdit, containerdEdit, podmanEdit } from '../configure/container-files.js';
import { dockerEdit, tellDocker } from '../configure/docker.js';
import { plainProblems } from '../configure/docker-check.js';
import type { DockerDaemon } from '../configure/docker-daemon.js';
import type { Edit } from '../configure/journal.js';
import { disagreements, probeMirror } from '../images/probe-mirror.js';
import { createClient } from '../net/client.js';
import type { ImageHolder } from '../values/engine.js';
import { Failure, type Problem } from '../values/failure.js';
import { fullName, type ImageReference, type MirrorVerdict } from '../values/images.js';
import type { Runner } from '../values/runner.js';
import { tell } from './conclude.js';
import type { Run } from './context.js';
import { type Answering, findDocker, inspectDaemon } from './docker-daemon.js';
import { findHolder, pullImages } from './pull-images.js';

/** What will be told to whom: found out, checked, nothing changed yet. */
export interface Containers {
  /** Mirrors that answered, in order of wish. */
  readonly mirrors: readonly string[];
  readonly docker: (Answering & { readonly daemon: DockerDaemon }) | null;
  /** Who is to hold images; null where none are wished. */
  readonly holder: ImageHolder | null;
  /** Files of the other tools. */
  readonly edits: readonly { readonly tool: string; readonly edit: Edit }[];
  /** For the environment of later steps. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Processors in the words of images. */
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', ia32: '386' };

/** Docker Hub's images that a job needs; without any, PaddlePaddle's own of the newest release that is known. */
function wantedImages({ request }: Run): { readonly images: readonly ImageReference[]; readonly asked: boolean } {
  const hub = request.dockerImages.flatMap(({ sources }) => sources.filter(({ registry }) => registry === 'docker.io'));
  if (hub.length > 0) return { images: hub, asked: true };
  const tag = known.tags.at(-1)?.tags[0] ?? 'latest';
  return { images: [{ registry: 'docker.io', repository: 'paddlepaddle/paddle', tag, digest: null }], asked: false };
}

/** A mirror that does not have an image which nobody asked for may still have the others. */
function isUsable({ fault }: MirrorVerdict, asked: boolean): boolean {
  return fault === null || (!asked && (fault.kind === 'missing' || fault.kind === 'allow-list'));
}

/** Looks at every mirror by what a pull does. Throws Failure(1) where none is of use. */
async function chooseMirrors(run: Run, { arch, network }: Runner): Promise<readonly string[]> {
  const { request, context, deadline, story } = run;
  if (request.dockerMirrors.length === 0) return [];
  const { images, asked } = wantedImages(run);
  const { signal } = deadline;
  const architecture = architectures[arch] ?? arch;
  const client = createClient({ network, version: context.version, log: context.log });
  const verdicts = await context.timeline
    .step('Look at Docker mirrors', () =>
      Promise.all(
        request.dockerMirrors.map((mirror) => probeMirror(client, { ...mirror, images, architecture, signal })),
      ),
    )
    .finally(() => client.close());
  story.containers = { mirrors: verdicts, told: [], images: [] };
  const usable = verdicts.filter((verdict) => isUsable(verdict, asked));
  const problems = verdicts.flatMap(({ url, fault }): Problem[] =>
    fault === null ? [] : [{ where: url, what: fault.detail, remedy: fault.remedy }],
  );
  if (usable.length === 0) throw new Failure(1, problems);
  tell(
    run,
    verdicts.flatMap((verdict) => {
      const { id, url, fault } = verdict;
      if (fault === null) return [];
      const what = usable.includes(verdict)
        ? `${id} is used, although it does not have ${images.map(fullName).join(', ')}`
        : `${id} (${url}) is left out`;
      return [{ id: `docker-mirror-${id}`, text: `${what}: ${fault.detail} ${fault.remedy}` }];
    }),
  );
  tell(
    run,
    disagreements(verdicts).map((text) => ({
      id: `docker-digest-${text}`,
      text: `The mirrors do not agree: ${text}. A tag may have moved; write \`@sha256:...\` behind the image to be sure.`,
    })),
  );
  return usable.map(({ url }) => url);
}

/** Files of BuildKit, containerd and podman, each checked, and what their users should know. */
async function otherTools(run: Run, mirrors: readonly string[]): Promise<Pick<Containers, 'edits' | 'variables'>> {
  const { request, context } = run;
  const here = { environment: context.environment, home: context.home, mirrors };
  const edits: { tool: string; edit: Edit }[] = [];
  let variables: Readonly<Record<string, string>> = {};
  if (request.configure.includes('buildkit')) {
    edits.push({ tool: 'buildkit', edit: buildkitEdit(here) });
    context.log.info(
      'BuildKit: builders that buildx creates from now on use the mirrors; those that are there keep their own.',
    );
  }
  if (request.configure.includes('containerd')) {
    const { edit, seen } = await containerdEdit(here);
    edits.push({ tool: 'containerd', edit });
    if (!seen)
      tell(run, [
        {
          id: 'containerd-config-path',
          text: `containerd's config.toml names no folder of hosts: nerdctl reads ${edit.path}, Kubernetes does only with \`config_path = "/etc/containerd/certs.d"\` there and a restart of containerd.`,
        },
      ]);
  }
  if (request.configure.includes('podman')) {
    const job = context.journal.owner.scope === 'job' ? (context.environment['RUNNER_TEMP'] ?? null) : null;
    const podman = await podmanEdit(here, job);
    edits.push({ tool: 'podman', edit: podman.edit });
    variables = podman.variables;
  }
  if (edits.length > 0)
    context.log.info(
      'The mirrors also say what a tag stands for, since you listed them; a digest (`@sha256:...`) leaves that to nobody.',
    );
  return { edits, variables };
}

/**
 * Finds out what Docker, BuildKit, containerd and podman are to be told, and checks that they can be: nothing is changed. Null: nothing
 * about containers was asked for. Throws Failure(2) with everything that is wrong, Failure(1) where no mirror is of use.
 */
export async function prepareContainers(run: Run, runner: Runner): Promise<Containers | null> {
  const { request, context } = run;
  if (request.dockerMirrors.length === 0 && request.dockerImages.length === 0) return null;
  const wished = request.dockerMirrors.map(({ url }) => url);
  const wantsDocker = request.configure.includes('docker') && wished.length > 0;
  const wantsImages = request.dockerImages.length > 0;
  const problems: Problem[] = wantsDocker ? [] : plainProblems(wished, []);
  const found = wantsDocker || wantsImages ? await findDocker(run) : null;
  let daemon: DockerDaemon | null = null;
  if (found !== null && wantsDocker) {
    const seen = 'where' in found ? [found] : await inspectDaemon(run, found, wished);
    if ('pid' in seen) daemon = seen;
    else problems.push(...seen);
  }
  const check = async (edit: Edit): Promise<void> => {
    await context.journal.check(edit).catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      problems.push(...error.problems);
    });
  };
  if (daemon !== null) await check(dockerEdit(daemon, wished));
  const others = await otherTools(run, wished).catch((error: unknown) => {
    if (!(error instanceof SyntaxError)) throw error;
    problems.push({
      where: 'configure',
      what: `${error.message}.`,
      remedy: 'Correct it by hand, or leave its tool out.',
    });
    return { edits: [], variables: {} };
  });
  for (const { edit } of others.edits) await check(edit);
  const holder = found !== null && wantsImages ? await findHolder(run, found, others.variables) : null;
  if (holder !== null && 'where' in holder && !problems.includes(holder)) problems.push(holder);
  if (problems.length > 0) throw new Failure(2, problems);
  const mirrors = await chooseMirrors(run, runner);
  const docker = daemon !== null && found !== null && 'engine' in found ? { ...found, daemon } : null;
  const told = others.edits.map(({ tool, edit }) => ({ tool, edit: { ...edit, part: { ...edit.part, mirrors } } }));
  return {
    mirrors,
    docker,
    holder: holder !== null && 'pull' in holder ? holder : null,
    edits: told,
    variables: others.variables,
  };
}

/** Tells them: Docker live, the others by their files; then pulls the images that were wished for. */
export async function serveContainers(run: Run, { docker, edits, mirrors, holder }: Containers): Promise<void> {
  const { context, deadline, story } = run;
  const told: { tool: string; where: string; mirrors: readonly string[] }[] = [];
  if (docker !== null) {
    const { engine, daemon } = docker;
    const used = await context.timeline.step('Tell Docker of the mirrors', () =>
      tellDocker(context.journal, engine, daemon, mirrors, deadline.signal),
    );
    context.log.info(`Docker confirms its mirrors: ${used.join(', ')}`);
    told.push({ tool: 'docker', where: daemon.file, mirrors: used });
  }
  for (const { tool, edit } of edits) {
    await context.journal.edit(edit);
    told.push({ tool, where: edit.path, mirrors });
  }
  if (told.length > 0 && context.journal.owner.scope === 'keep')
    context.log.info(`${told.map(({ where }) => where).join(', ')}: stays until you run \`restore\`.`);
  story.containers = { mirrors: story.containers?.mirrors ?? [], images: [], told };
  if (holder !== null) await pullImages(run, holder);
}
