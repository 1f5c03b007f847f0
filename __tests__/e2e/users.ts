import { execFileSync, spawn } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type CliRun, endOf, repository } from '../support/machine.js';

/** Somebody who runs the program: root, or a user without any rights (ids that no real user has). */
export interface User {
  readonly name: string;
  readonly ids: { readonly uid: number; readonly gid: number } | null;
}

const group = 65_012;
const root: User = { name: 'root', ids: null };
const ordinary = (uid: number): User => ({ name: `user ${uid}`, ids: { uid, gid: group } });

/** Who can be tried here: only root can be root, and only root can become somebody else. */
export const users: readonly [User, User] | null =
  process.getuid?.() === 0 ? [ordinary(65_012), ordinary(65_013)] : null;

/** Root, where we are root. */
export const owner: User = root;

/** A Python that every user of the machine may run, found on PATH; null where there is none. */
export function commonPython(): string | null {
  const who = users?.[0].ids ?? {};
  for (const folder of ['/usr/bin', '/usr/local/bin', ...(process.env['PATH'] ?? '').split(delimiter)]) {
    const python = join(folder, 'python3');
    try {
      const asked = 'import sys, venv; assert (3, 9) <= sys.version_info < (3, 14); print(sys.executable)';
      return execFileSync(python, ['-c', asked], { ...who, encoding: 'utf8', stdio: 'pipe', cwd: '/' }).trim();
    } catch {
      // Not there, not for everybody, or too old or new for this PaddlePaddle.
    }
  }
  return null;
}

/** A host: a folder that a group shares (set-gid, writable by the group), and a home for each user. */
export interface Host {
  readonly shared: string;
  home(user: User): Promise<string>;
  /** Runs the command line of dist/ as a user, in its home. */
  cli(user: User, args: readonly string[], extra?: Readonly<Record<string, string>>): Promise<CliRun>;
  remove(): Promise<void>;
}

/** Makes a host. */
export async function makeHost(): Promise<Host> {
  const base = await mkdtemp(join(tmpdir(), 'host-'));
  await chmod(base, 0o755);
  const shared = join(base, 'shared');
  await mkdir(shared);
  await chown(shared, process.getuid?.() ?? 0, users === null ? (process.getgid?.() ?? 0) : group);
  await chmod(shared, 0o2775);
  const home: Host['home'] = async ({ name, ids }) => {
    const folder = join(base, name.replace(' ', '-'));
    await mkdir(folder, { recursive: true });
    if (ids !== null) await chown(folder, ids.uid, ids.gid);
    return folder;
  };
  return {
    shared,
    home,
    async cli(user, args, extra = {}) {
      const folder = await home(user);
      const network = /^(PIP_\w+|\w+_PROXY|\w*_CA_\w+|SSL_CERT_\w+|\w+_CA_BUNDLE|PATH)$/i;
      const handed = Object.entries(process.env).filter(([name]) => network.test(name));
      const child = spawn(process.execPath, [join(repository, 'dist', 'cli', 'index.js'), ...args], {
        cwd: folder,
        env: { ...Object.fromEntries(handed), HOME: folder, ...extra },
        stdio: ['ignore', 'pipe', 'pipe'],
        ...user.ids,
      });
      return endOf(child);
    },
    remove: () => rm(base, { recursive: true, force: true }),
  };
}
