import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from '../values/system-error.js';
import type { Edit } from './journal.js';
import { isTable, parseToml } from './toml.js';

/** What is known of this user's surroundings. */
interface Surroundings {
  readonly environment: NodeJS.ProcessEnv;
  readonly home: string;
  /** Addresses in order. */
  readonly mirrors: readonly string[];
}

/** The text of a TOML file; null where there is none. Throws SyntaxError, with its path, for a broken one. */
async function readIfThere(file: string): Promise<string | null> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return null;
    throw error;
  });
  try {
    parseToml(text);
  } catch (cause) {
    throw new SyntaxError(`${file} is broken and is not repaired`, { cause });
  }
  return text;
}

/**
 * The file that buildx gives to every builder it creates without a configuration of its own (`buildkitd.default.toml` in its folder,
 * https://docs.docker.com/reference/cli/docker/buildx/create/). Builders that are there already keep theirs.
 */
export function buildkitEdit({ environment, home, mirrors }: Surroundings): Edit {
  const docker = environment['DOCKER_CONFIG'] || path.join(home, '.docker');
  const folder = environment['BUILDX_CONFIG'] || path.join(docker, 'buildx');
  return {
    path: path.join(folder, 'buildkitd.default.toml'),
    editor: 'buildkit-mirrors',
    part: { mirrors },
    mode: 0o644,
    wish: 'configure',
  };
}

/** Tables of a containerd configuration (version 2 and 3) that may name the folder of hosts. */
const registryTables = ['io.containerd.cri.v1.images', 'io.containerd.grpc.v1.cri'];
const defaultHosts = '/etc/containerd/certs.d';

/** Where containerd's CRI plug-in looks for hosts, from its `config.toml`; null: nowhere (1.x without `config_path`). */
export function hostsFolder(text: string | null): string | null {
  const { plugins } = parseToml(text);
  for (const name of registryTables) {
    const plugin = isTable(plugins) ? plugins[name] : undefined;
    const registry = isTable(plugin) ? plugin['registry'] : undefined;
    const configPath = isTable(registry) ? registry['config_path'] : undefined;
    // Several folders may stand in it, parted as in PATH; the first counts.
    const first = typeof configPath === 'string' ? configPath.split(':')[0] : '';
    if (first !== undefined && path.isAbsolute(first)) return first;
  }
  return null;
}

/** containerd reads hosts when it pulls, so nothing has to be told to it. `seen`: whether its configuration names the folder. */
export async function containerdEdit({
  mirrors,
}: Surroundings): Promise<{ readonly edit: Edit; readonly seen: boolean }> {
  const named = hostsFolder(await readIfThere('/etc/containerd/config.toml'));
  const edit: Edit = {
    path: path.join(named ?? defaultHosts, 'docker.io', 'hosts.toml'),
    editor: 'containerd-mirrors',
    part: { mirrors },
    mode: 0o644,
    wish: 'configure',
  };
  return { edit, seen: named !== null };
}

/** The registries.conf that podman reads now: CONTAINERS_REGISTRIES_CONF, else the user's, which replaces the system's. */
async function podmanConf({ environment, home }: Surroundings): Promise<string | null> {
  const named = environment['CONTAINERS_REGISTRIES_CONF'];
  if (named) return readIfThere(named);
  const config = environment['XDG_CONFIG_HOME'] || path.join(home, '.config');
  const own = await readIfThere(path.join(config, 'containers', 'registries.conf'));
  return own ?? readIfThere('/etc/containers/registries.conf');
}

/**
 * For a job: a file of its own that a variable names, what podman reads now and our mirrors, so that nobody else's podman is told.
 * Else a drop-in of the user's, which every podman of this user reads. `variables`: the environment of later steps.
 */
export async function podmanEdit(
  here: Surroundings,
  jobFolder: string | null,
): Promise<{ readonly edit: Edit; readonly variables: Readonly<Record<string, string>> }> {
  const { environment, home, mirrors } = here;
  const base = await podmanConf(here);
  const edit = (file: string): Edit => ({
    path: file,
    editor: 'podman-mirrors',
    part: { mirrors, base: base ?? '' },
    mode: 0o644,
    wish: 'configure',
  });
  if (jobFolder === null) {
    const config = environment['XDG_CONFIG_HOME'] || path.join(home, '.config');
    const file = path.join(config, 'containers', 'registries.conf.d', '50-paddle-mirror-setup.conf');
    return { edit: { ...edit(file), part: { mirrors } }, variables: {} };
  }
  const file = path.join(jobFolder, 'paddle-mirror-setup-registries.conf');
  return { edit: edit(file), variables: { CONTAINERS_REGISTRIES_CONF: file } };
}
