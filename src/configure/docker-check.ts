import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeScratch } from '../process/folders.js';
import { run } from '../process/run.js';
import type { EngineInfo } from '../values/engine.js';
import type { Problem } from '../values/failure.js';
import { errorCode } from '../values/system-error.js';
import type { DockerDaemon } from './docker-daemon.js';
import { dockerFile } from './docker-file.js';

const where = 'docker-mirrors';
const validateMs = 20_000;
const isLoopback = (host: string): boolean => /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(host);

/** Addresses that speak plain http to another machine, unless `insecure` (`host:port`) says that this is wanted. */
export function plainProblems(mirrors: readonly string[], insecure: readonly string[]): Problem[] {
  const plain = mirrors.filter((address) => {
    const { protocol, hostname, host } = new URL(address);
    return protocol === 'http:' && !isLoopback(hostname) && !insecure.includes(host);
  });
  return plain.map((address) => ({
    where,
    what: `${address} speaks plain http to another machine: anyone on the way could change what an image holds.`,
    remedy: "Write https, or name the host in the daemon's `insecure-registries` first if this is what you want.",
  }));
}

/** dockerd up to 24 refuses a mirror with a path. */
function pathProblems(mirrors: readonly string[], { version }: EngineInfo): Problem[] {
  const major = Number(version.split('.')[0]);
  if (!(major < 25)) return [];
  return mirrors
    .filter((address) => new URL(address).pathname.replace(/\/+$/, '') !== '')
    .map((address) => ({
      where,
      what: `${address} has a path, which Docker ${version} does not take; 25.0 and newer do.`,
      remedy: 'Name a mirror that is the root of its host, or use a newer Docker.',
    }));
}

/** What keeps the daemon from being told, beside its file: nothing is changed then. */
export function daemonProblems(mirrors: readonly string[], info: EngineInfo, daemon: DockerDaemon): Problem[] {
  const problems = [...plainProblems(mirrors, info.insecure), ...pathProblems(mirrors, info)];
  if (daemon.mirrorsByFlag) {
    problems.push({
      where,
      what: 'The Docker daemon was started with `--registry-mirror`, and refuses a file that names mirrors as well.',
      remedy: 'Move that setting from the command line of the daemon to its daemon.json, or add the mirror there.',
    });
  }
  if (!daemon.sameFile) {
    problems.push({
      where,
      what: `The Docker daemon sees another ${daemon.file} than this process does: one of both runs in a container or a snap of its own.`,
      remedy: 'Run this step on the host of the daemon, or write the mirrors there.',
    });
  }
  if (!maySignal(daemon.pid)) {
    problems.push({
      where,
      what: `This user may not tell the Docker daemon (process ${daemon.pid}) to read its file again.`,
      remedy: 'Run this step as root or as the user of a rootless daemon, or leave `docker` out of `configure`.',
    });
  }
  return problems;
}

function maySignal(pid: number): boolean {
  try {
    // Signal 0 only asks.
    return process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) === null) throw error;
    return false;
  }
}

/** The text of a file of the daemon, or null where there is none. */
export async function readDaemonFile(file: string): Promise<string | null> {
  return await readFile(file, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  });
}

/**
 * Has the daemon's own program look at the file as it would be (`dockerd --validate`, 23.0 and newer). Null: nothing to complain, or an
 * older one, which has no such look; else what it says. A broken file of the user's is the journal's to refuse.
 */
export async function validate(
  { program, path: searched, file }: DockerDaemon,
  mirrors: readonly string[],
  { version }: EngineInfo,
  signal: AbortSignal,
): Promise<string | null> {
  if (!(Number(version.split('.')[0]) >= 23)) return null;
  const folder = makeScratch();
  try {
    const copy = path.join(folder, 'daemon.json');
    await writeFile(copy, dockerFile.put(await readDaemonFile(file), { mirrors }), { mode: 0o600 });
    const call = {
      file: program,
      args: ['--validate', '--config-file', copy],
      environment: { PATH: searched },
      limitMs: validateMs,
      signal,
    };
    const { code, stderr } = await run(call);
    return code === 0 ? null : (stderr.trim().split('\n').at(-1) ?? `it ended with ${code}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** dockerd's own `hosts.toml` for Docker Hub, which from 28.0 on counts instead of `registry-mirrors`; null: none that does. */
export async function overruled({ version }: EngineInfo): Promise<string | null> {
  if (!(Number(version.split('.')[0]) >= 28)) return null;
  const file = '/etc/docker/certs.d/docker.io/hosts.toml';
  return /^\s*\[host\./m.test((await readDaemonFile(file)) ?? '') ? file : null;
}
