import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEngine } from '../../src/images/engine.js';
import type { Engine } from '../../src/values/engine.js';
import { leaveOut } from './left-out.js';
import { end, has, untilUp } from './registry.js';

/** A real dockerd with its own folders, without network rules and bridge. */
export interface Dockerd {
  readonly pid: number;
  readonly socket: string;
  readonly engine: Engine;
  /** Everything that it writes. */
  readonly folder: string;
  /** Its daemon.json. */
  readonly file: string;
  close(): Promise<void>;
}

/** Whether a dockerd can be started here; says why not. */
export function hasDockerd(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    leaveOut('root on Linux, who alone may start dockerd');
    return false;
  }
  return has('dockerd', 'docker-registry', 'htpasswd');
}

/** The `docker` command: Debian's has BuildKit built in, another one on PATH may lack buildx. */
export function dockerClient(): string {
  return existsSync('/usr/bin/docker') ? '/usr/bin/docker' : 'docker';
}

/** Makes an image of programs of this machine and the libraries they load: there is no other base where no registry is in reach. */
export async function importPrograms(
  docker: (...args: string[]) => string,
  name: string,
  programs: readonly string[],
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'programs-'));
  try {
    const listed = execFileSync('ldd', programs, { encoding: 'utf8' });
    const libraries = [...listed.matchAll(/(?:^|\s)(\/\S+\.so\S*)/gm)].map(([, file = '']) => file);
    const files = [...new Set([...programs, ...libraries])].map((file) => file.slice(1));
    execFileSync('tar', ['-C', '/', '-chf', join(folder, 'programs.tar'), ...files]);
    docker('import', join(folder, 'programs.tar'), name);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Starts a dockerd. `settings`: text of its daemon.json; `program`: the one on PATH unless given. */
export async function startDockerd(
  settings: string,
  flags: readonly string[] = [],
  program = 'dockerd',
): Promise<Dockerd> {
  // The path of a socket has 107 characters at most.
  const folder = await mkdtemp(join(tmpdir(), 'dockerd-'));
  const [socket, file, log] = ['docker.sock', 'daemon.json', 'log'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(file, settings);
  const places = [
    '--data-root',
    join(folder, 'data'),
    '--exec-root',
    join(folder, 'exec'),
    '--pidfile',
    join(folder, 'pid'),
  ];
  const bare = [
    '--iptables=false',
    '--ip-forward=false',
    '--ip-masq=false',
    '--bridge=none',
    '--config-file',
    file,
    '-H',
    `unix://${socket}`,
  ];
  const child = spawn('sh', ['-c', 'exec "$0" "$@" >"$LOG" 2>&1', program, ...bare, ...places, ...flags], {
    env: { ...process.env, LOG: log },
    stdio: 'ignore',
  });
  const engine = openEngine(socket);
  const close = async (): Promise<void> => {
    await end(child);
    // BuildKit leaves its network namespace mounted.
    const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '');
    for (const mount of mounts.filter((place) => place.startsWith(`${folder}/`)).reverse())
      execFileSync('umount', [mount]);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilUp('dockerd', async () => (await engine.info(AbortSignal.timeout(5_000))).version !== '');
  } catch (error) {
    const said = await readFile(log, 'utf8');
    await close();
    throw new Error(`dockerd: ${said.slice(-500)}`, { cause: error });
  }
  return {
    pid: child.pid ?? 0,
    socket,
    engine,
    folder,
    file,
    close,
  };
}
