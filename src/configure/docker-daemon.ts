import { readdir, readFile, readlink, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from '../values/system-error.js';

/** The process behind a Docker socket, and the configuration file that it really reads. */
export interface DockerDaemon {
  readonly pid: number;
  /** The program that runs, for checking a file with it. */
  readonly program: string;
  /** Its own PATH: checking a file, it looks there for the programs that it needs. */
  readonly path: string;
  /** Absolute path of its daemon.json, which need not be there. */
  readonly file: string;
  /** It was started with `--registry-mirror`: then it refuses a file that lists mirrors too. */
  readonly mirrorsByFlag: boolean;
  /** It sees the same file as we do: a snap or a container may have another one under the same path. */
  readonly sameFile: boolean;
}

/** What the system does not let this user see, or what ended meanwhile. */
async function unlessHidden<T>(read: Promise<T>): Promise<T | null> {
  return await read.catch((error: unknown) => {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ENOTDIR'].includes(errorCode(error) ?? '')) return null;
    throw error;
  });
}

/** Whether a process listens on a socket file: /proc/PID/net/unix knows the sockets of its network namespace by inode, its descriptors say which are its own. */
async function listensOn(pid: number, socket: string): Promise<boolean> {
  const table = await unlessHidden(readFile(`/proc/${pid}/net/unix`, 'utf8'));
  const folder = (await unlessHidden(realpath(path.dirname(socket)))) ?? path.dirname(socket);
  const names = new Set([socket, path.join(folder, path.basename(socket))]);
  for (const line of table?.split('\n') ?? []) {
    const [, inode, bound] = /^\S+ \S+ \S+ \S+ \S+ \S+\s+(\d+) (\/.*)$/.exec(line) ?? [];
    if (inode === undefined || bound === undefined) continue;
    const real = (await unlessHidden(realpath(path.dirname(bound)))) ?? path.dirname(bound);
    if (!names.has(bound) && !names.has(path.join(real, path.basename(bound)))) continue;
    for (const name of (await unlessHidden(readdir(`/proc/${pid}/fd`))) ?? []) {
      if ((await unlessHidden(readlink(`/proc/${pid}/fd/${name}`))) === `socket:[${inode}]`) return true;
    }
  }
  return false;
}

/** PATH of a service that was given none (systemd.exec(5)). */
const standardPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const split = (text: string | null): string[] => text?.split('\0').filter((part) => part !== '') ?? [];

/** The value of a long flag of dockerd, `--name=value` or `--name value`; the last one holds. */
function flag(args: readonly string[], name: string): string | null {
  const values = args.flatMap((arg, at) => {
    if (arg.startsWith(`--${name}=`)) return [arg.slice(name.length + 3)];
    return arg === `--${name}` ? [args[at + 1] ?? ''] : [];
  });
  return values.at(-1) ?? null;
}

/** A variable of a process. */
function variable(environment: readonly string[], name: string): string | null {
  return environment.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1) || null;
}

/** Where dockerd looks without `--config-file`: rootless, in its user's configuration (its `cmd/dockerd`, https://docs.docker.com/engine/daemon/). */
function defaultFile(environment: readonly string[], rootless: boolean): string {
  if (!rootless) return '/etc/docker/daemon.json';
  const config = variable(environment, 'XDG_CONFIG_HOME') ?? path.join(variable(environment, 'HOME') ?? '/', '.config');
  return path.join(config, 'docker', 'daemon.json');
}

/** Whether the daemon and we mean the same by a path: its nearest part that is there is one and the same. */
async function isSame(pid: number, file: string): Promise<boolean> {
  for (let at = file; ; at = path.dirname(at)) {
    const [ours, theirs] = await Promise.all(
      [at, `/proc/${pid}/root${at}`].map((one) => unlessHidden(stat(one, { bigint: true }))),
    );
    if (ours && theirs) return ours.ino === theirs.ino && ours.dev === theirs.dev;
    if (ours || theirs || at === '/') return false;
  }
}

/** Finds the dockerd behind a socket. Null: there is none that this user may see. `rootless`: what the daemon says of itself. */
export async function findDaemon(socket: string, rootless: boolean): Promise<DockerDaemon | null> {
  const pids = ((await unlessHidden(readdir('/proc'))) ?? []).filter((name) => /^\d+$/.test(name)).map(Number);
  for (const pid of pids) {
    const name = await unlessHidden(readFile(`/proc/${pid}/comm`, 'utf8'));
    if (name?.trim() !== 'dockerd' || !(await listensOn(pid, socket))) continue;
    const args = split(await unlessHidden(readFile(`/proc/${pid}/cmdline`, 'utf8')));
    const environment = split(await unlessHidden(readFile(`/proc/${pid}/environ`, 'utf8')));
    const folder = (await unlessHidden(readlink(`/proc/${pid}/cwd`))) ?? '/';
    const file = path.resolve(folder, flag(args, 'config-file') ?? defaultFile(environment, rootless));
    return {
      pid,
      program: `/proc/${pid}/exe`,
      path: variable(environment, 'PATH') ?? standardPath,
      file,
      mirrorsByFlag: flag(args, 'registry-mirror') !== null,
      sameFile: await isSame(pid, file),
    };
  }
  return null;
}
