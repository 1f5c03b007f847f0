import { daemonProblems, overruled, validate } from '../configure/docker-check.js';
import { type DockerDaemon, findDaemon } from '../configure/docker-daemon.js';
import { findEndpoint } from '../images/endpoint.js';
import { openEngine } from '../images/engine.js';
import { type Engine, EngineFault, type EngineInfo } from '../values/engine.js';
import type { Problem } from '../values/failure.js';
import { tell } from './conclude.js';
import type { Run } from './context.js';

/** A Docker daemon that answers. */
export interface Answering {
  readonly engine: Engine;
  readonly info: EngineInfo;
}

const problem = (what: string, remedy: string): Problem => ({ where: 'docker', what, remedy });

function explain({ code, message }: EngineFault, socket: string): Problem {
  if (code === 'EACCES' || code === 'EPERM')
    return problem(
      `This user may not speak to the Docker daemon at ${socket}.`,
      'Add the user to the group `docker`, run this step as root, or use a rootless daemon.',
    );
  if (code === 'ENOENT' || code === 'ECONNREFUSED')
    return problem(
      `No Docker daemon listens at ${socket}.`,
      'Start it, or correct DOCKER_HOST or the context of Docker.',
    );
  return problem(message, 'Look at its log (`journalctl -u docker`), or leave Docker out of this step.');
}

/** The Docker daemon of this user, or why there is none to speak to. */
export async function findDocker({ context, deadline }: Run): Promise<Answering | Problem> {
  const endpoint = await findEndpoint(context.environment, context.home).catch((error: unknown) => {
    if (error instanceof SyntaxError) return error;
    throw error;
  });
  if (endpoint instanceof SyntaxError)
    return problem(`Docker's own settings can't be read: ${endpoint.message}.`, 'Correct that file.');
  if (endpoint === null)
    return problem(
      'There is no Docker daemon here: DOCKER_HOST and the context name none, and there is no socket at /var/run/docker.sock.',
      'Start one; where there is podman, write `configure: pip,podman`.',
    );
  if (endpoint.kind === 'elsewhere')
    return problem(
      `${endpoint.origin} leads to ${endpoint.address}: a daemon that is not reached by a socket of this machine.`,
      'Run this step where the daemon is, or leave Docker out of it.',
    );
  const engine = openEngine(endpoint.socket);
  try {
    return { engine, info: await engine.info(deadline.signal) };
  } catch (error) {
    if (error instanceof EngineFault) return explain(error, endpoint.socket);
    throw error;
  }
}

/** The daemon's process and file, everything that speaks against telling it checked; nothing is changed. */
export async function inspectDaemon(
  run: Run,
  { engine, info }: Answering,
  mirrors: readonly string[],
): Promise<DockerDaemon | readonly Problem[]> {
  if (/docker desktop/i.test(info.system) || process.platform !== 'linux')
    return [
      problem(
        `Docker runs in a virtual machine of its own here (${info.system}), and its settings belong to that program.`,
        'Write the mirrors under Settings, Docker Engine, or leave `docker` out of `configure`.',
      ),
    ];
  const daemon = await findDaemon(engine.socket, info.rootless);
  if (daemon === null)
    return [
      problem(
        `Whatever listens at ${engine.socket} is no dockerd that this user may see: it runs as another user, in another container, or is another program.`,
        'Run this step as root or as the user of the daemon, on its own host; or leave `docker` out of `configure`.',
      ),
    ];
  const problems = daemonProblems(mirrors, info, daemon);
  if (problems.length > 0) return problems;
  const { context, deadline } = run;
  const complaint = await validate(daemon, mirrors, info, deadline.signal).catch((error: unknown) => {
    // A broken file is the journal's to refuse, with its name.
    if (error instanceof SyntaxError) return null;
    throw error;
  });
  if (complaint !== null)
    return [
      problem(`dockerd would not take ${daemon.file} with the mirrors in it: ${complaint}`, 'Correct the file first.'),
    ];
  const hosts = await overruled(info);
  if (hosts !== null)
    tell(run, [
      {
        id: 'docker-hosts-toml',
        text: `${hosts} names hosts for Docker Hub, and Docker ${info.version} goes by it rather than by registry-mirrors: remove it for the mirrors to count.`,
      },
    ]);
  context.log.debug(`dockerd is process ${daemon.pid} and reads ${daemon.file}`);
  return daemon;
}
