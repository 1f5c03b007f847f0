import path from 'node:path';
import type { Supplies } from './supplies.js';

/** A command with what it needs: never a shell. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Where and from what one client installs. */
export interface Task {
  readonly supplies: Supplies;
  /** In the order of wish. */
  readonly indexes: readonly string[];
  /** A PaddlePaddle index without files: the CPU build is on the Python index. */
  readonly paddleIndex: string;
  /** Folder of this trial alone; `venv` is its environment. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** A program that installs, told of several indexes in the way of its own manual. */
export interface Client {
  readonly name: string;
  install(task: Task): Command;
}

const cli = path.join(import.meta.dirname, '..', '..', 'dist', 'cli', 'index.js');

/** The machine's own settings would bend the comparison: nothing of pip, uv, proxies or certificates is handed on. */
function environment(task: Task, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    PATH: `${path.dirname(task.supplies.uv)}:/usr/bin:/bin`,
    HOME: task.folder,
    TMPDIR: path.join(task.folder, 'tmp'),
    LANG: 'C.UTF-8',
    NO_COLOR: '1',
    PIP_CONFIG_FILE: '/dev/null',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    UV_NO_CONFIG: '1',
    UV_PYTHON_DOWNLOADS: 'never',
    ...more,
    ...task.environment,
  };
}

const venvPython = (task: Task): string => path.join(task.folder, 'venv', 'bin', 'python');
const wishes = (task: Task): string[] => [`paddlepaddle==${task.supplies.version}`, 'setuptools'];

const ours: Client = {
  name: 'ours',
  install(task) {
    const { supplies, folder } = task;
    const inputs = {
      'paddle-version': supplies.version,
      device: 'cpu',
      python: supplies.python,
      venv: path.join(folder, 'venv'),
      mirrors: task.indexes.join(','),
      'paddle-index': task.paddleIndex,
      cache: 'directory',
      'cache-path': path.join(folder, 'cache'),
      configure: 'off',
      verify: 'off',
      report: path.join(folder, 'report.json'),
    };
    const flags = Object.entries(inputs).flatMap(([name, value]) => [`--${name}`, value]);
    return { program: process.execPath, args: [cli, 'setup', ...flags], environment: environment(task) };
  },
};

/** `--index` comes before the default index, and the first index that has a package is the one it is taken from. */
const uv: Client = {
  name: 'uv 0.13.9',
  install(task) {
    const [last = '', ...first] = [...task.indexes].reverse();
    const indexes = [...first.reverse().flatMap((index) => ['--index', index]), '--default-index', last];
    const args = ['pip', 'install', '--no-progress', '-p', venvPython(task), ...indexes, ...wishes(task)];
    const more = { UV_CACHE_DIR: path.join(task.folder, 'cache') };
    return { program: task.supplies.uv, args, environment: environment(task, more) };
  },
};

/**
 * pip says that all indexes are equal. Of two that have the same version it takes the file from the one named last, so the order of wish is
 * turned round for it; the other way about, a bad mirror's files would never be asked for.
 */
function pip(name: string, program: (supplies: Supplies) => string): Client {
  return {
    name,
    install(task) {
      const [first = '', ...rest] = [...task.indexes].reverse();
      const indexes = ['--index-url', first, ...rest.flatMap((index) => ['--extra-index-url', index])];
      const args = [
        program(task.supplies),
        'install',
        '--progress-bar',
        'off',
        '--no-compile',
        ...indexes,
        ...wishes(task),
      ];
      const more = { PIP_CACHE_DIR: path.join(task.folder, 'cache') };
      return { program: venvPython(task), args, environment: environment(task, more) };
    },
  };
}

/** Ours first, then those that people use today. */
export const clients: readonly Client[] = [
  ours,
  uv,
  pip('pip 23.2.1', ({ pips }) => pips.old),
  pip('newest pip', ({ pips }) => pips.newest),
];
