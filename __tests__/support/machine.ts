import { type ChildProcess, type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** The repository's folder: what `uses: org/paddle-mirror-setup@v1` would take. */
export const repository: string = fileURLToPath(new URL('../..', import.meta.url));

/** A machine of its own for one test: an empty home and cache, a folder to work in, this network, nothing else. */
export interface Machine {
  readonly home: string;
  readonly work: string;
  /** Real path of an interpreter. */
  readonly python: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Every file and folder in home and work, relative to both. */
  files(): Promise<readonly string[]>;
  /** Runs the command line of dist/ in `work`. `meanwhile` gets the process as soon as it runs. */
  cli(
    args: readonly string[],
    extra?: Readonly<Record<string, string>>,
    meanwhile?: (child: ChildProcess) => void,
    /** A program with arguments that runs the one whose path and arguments follow. */
    through?: readonly string[],
  ): Promise<CliRun>;
  remove(): Promise<void>;
}

/** What a run of the command line left. */
export interface CliRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a machine's network needs to be told: certificates, proxies, the index. */
const NETWORK = /^(PIP_\w+|\w+_PROXY|\w*_CA_\w+|SSL_CERT_\w+|\w+_CA_BUNDLE)$/i;
const KEPT = ['PATH', 'SystemRoot', 'PATHEXT', 'TEMP', 'TMP'];

/** Makes a machine. Its interpreter is the `python3` (Windows: `python`) of PATH, by its real path: shims need the real home. */
export async function makeMachine(): Promise<Machine> {
  const folder = await mkdtemp(join(tmpdir(), 'machine-'));
  const [home, work] = [join(folder, 'home'), join(folder, 'work')] as const;
  for (const path of [home, work]) await mkdir(path);
  const command = process.platform === 'win32' ? 'python' : 'python3';
  const python = execFileSync(command, ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
  const handed = Object.entries(process.env).filter(([name]) => NETWORK.test(name) || KEPT.includes(name));
  const environment = {
    ...Object.fromEntries(handed.map(([name, value]) => [name, value ?? ''])),
    HOME: home,
    USERPROFILE: home,
    LOCALAPPDATA: join(home, 'local'),
    APPDATA: join(home, 'roaming'),
    XDG_CACHE_HOME: join(home, '.cache'),
  };
  return {
    home,
    work,
    python,
    environment,
    async files() {
      return (await Promise.all([home, work].map((path) => readdir(path, { recursive: true })))).flat().sort();
    },
    cli(args, extra = {}, meanwhile = () => undefined, through = []) {
      const [file = '', ...rest] = [...through, process.execPath, join(repository, 'dist', 'cli', 'index.js'), ...args];
      const child = spawn(file, rest, {
        cwd: work,
        env: { ...environment, ...extra },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      meanwhile(child);
      return endOf(child);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** How a program that was started ends, and what it wrote. */
export function endOf(child: ChildProcessByStdio<null, Readable, Readable>): Promise<CliRun> {
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, ...said }));
  });
}
