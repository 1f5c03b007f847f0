import { spawn } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEngine } from '../../src/images/engine.js';
import type { Dockerd } from './dockerd.js';
import { end, untilUp } from './registry.js';

/** A rootless dockerd, with the home of the user whose it is. */
export interface RootlessDockerd extends Dockerd {
  readonly home: string;
}

/**
 * Starts a rootless dockerd for a user that this machine does not know: the account and its subordinate ids stand in files that only the
 * daemon's own mount namespace has in the place of /etc/passwd, /etc/subuid and /etc/subgid. Its daemon.json is the user's own.
 */
export async function startRootless(
  settings: string,
  { uid, gid }: { readonly uid: number; readonly gid: number },
): Promise<RootlessDockerd> {
  const folder = await mkdtemp(join(tmpdir(), 'rootless-'));
  await chmod(folder, 0o755);
  const [home, runtime, log] = [join(folder, 'home'), join(folder, 'run'), join(folder, 'log')] as const;
  const [socket, pidfile] = [join(runtime, 'docker.sock'), join(runtime, 'pid')] as const;
  const file = join(home, '.config', 'docker', 'daemon.json');
  await mkdir(runtime, { mode: 0o700 });
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, settings);
  for (const path of [runtime, home, join(home, '.config'), join(home, '.config', 'docker'), file])
    await chown(path, uid, gid);
  const account = `rootless:x:${uid}:${gid}::${home}:/bin/sh\n`;
  await writeFile(join(folder, 'passwd'), (await readFile('/etc/passwd', 'utf8')) + account);
  for (const name of ['subuid', 'subgid']) await writeFile(join(folder, name), 'rootless:200000:65536\n');
  const mounts = ['passwd', 'subuid', 'subgid'].map((name) => `mount --bind ${folder}/${name} /etc/${name}`);
  const places = `--data-root ${home}/data --exec-root ${runtime}/exec --pidfile ${pidfile} -H unix://${socket}`;
  // What rootlesskit copies of the host's /run belongs to root, so the daemon gets none of it.
  const daemon = `rm -rf /run/docker /run/containerd; exec dockerd --rootless --iptables=false --ip-forward=false --ip-masq=false --bridge=none --storage-driver vfs ${places}`;
  const kit = ['rootlesskit', `--state-dir=${runtime}/kit`, '--net=host', '--copy-up=/etc', '--copy-up=/run'];
  const user = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  const script = `${mounts.join(' && ')} && exec "$@" >"$LOG" 2>&1`;
  const child = spawn('unshare', ['--mount', 'sh', '-c', script, 'sh', ...user, ...kit, 'sh', '-c', daemon], {
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '', HOME: home, XDG_RUNTIME_DIR: runtime, LOG: log },
    stdio: 'ignore',
  });
  const engine = openEngine(socket);
  const close = async (): Promise<void> => {
    await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilUp('a rootless dockerd', async () => (await engine.info(AbortSignal.timeout(5_000))).version !== '');
  } catch (error) {
    const said = await readFile(log, 'utf8').catch(() => 'it did not begin');
    await close();
    throw new Error(`a rootless dockerd: ${said.slice(-500)}`, { cause: error });
  }
  return { pid: Number(await readFile(pidfile, 'utf8')), socket, engine, folder, file, home, close };
}
