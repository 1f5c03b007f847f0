import path from 'node:path';
import type { Command } from './stopwatch.js';

/** Where and with what a contestant installs. */
export interface Arena {
  readonly python: string;
  readonly uv: string;
  readonly index: string;
  /** A PaddlePaddle index without files: the CPU build is on the Python index. */
  readonly paddleIndex: string;
  /** Folder of this contestant alone: `venv` and `report.json` lie in it. */
  readonly folder: string;
  readonly cache: string;
  readonly version: string;
}

/** Installs the same packages its own way. */
export interface Contestant {
  readonly name: 'pip' | 'uv' | 'ours';
  /** Commands that install; `fresh`: the environment is not there yet. */
  install(arena: Arena, fresh: boolean): readonly Command[];
}

const program = path.join(import.meta.dirname, '..', 'dist', 'cli', 'index.js');

/** The machine's own settings of pip and uv would bend the comparison. */
function environment(folder: string, more: Readonly<Record<string, string>>): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    LANG: 'C.UTF-8',
    PIP_CONFIG_FILE: '/dev/null',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    UV_NO_CONFIG: '1',
    UV_PYTHON_DOWNLOADS: 'never',
    ...more,
  };
}

export const contestants: readonly Contestant[] = [
  {
    name: 'pip',
    install({ python, index, folder, cache, version }, fresh) {
      const env = environment(folder, { PIP_CACHE_DIR: cache });
      const venv = path.join(folder, 'venv');
      const args = ['-m', 'pip', 'install', '-q', '--index-url', index, `paddlepaddle==${version}`, 'setuptools'];
      const make = { program: python, args: ['-m', 'venv', venv], environment: env };
      return [...(fresh ? [make] : []), { program: path.join(venv, 'bin', 'python'), args, environment: env }];
    },
  },
  {
    name: 'uv',
    install({ python, uv, index, folder, cache, version }, fresh) {
      const env = environment(folder, { UV_CACHE_DIR: cache });
      const venv = path.join(folder, 'venv');
      const packages = ['--default-index', index, `paddlepaddle==${version}`, 'setuptools'];
      const args = ['pip', 'install', '-q', '-p', path.join(venv, 'bin', 'python'), ...packages];
      const make = { program: uv, args: ['venv', '-q', '-p', python, venv], environment: env };
      return [...(fresh ? [make] : []), { program: uv, args, environment: env }];
    },
  },
  {
    name: 'ours',
    install({ python, index, paddleIndex, folder, cache, version }) {
      const inputs = {
        'paddle-version': version,
        device: 'cpu',
        python,
        venv: path.join(folder, 'venv'),
        mirrors: index,
        'paddle-index': paddleIndex,
        'cache-path': cache,
        verify: 'off',
        report: path.join(folder, 'report.json'),
      };
      const flags = Object.entries(inputs).flatMap(([name, value]) => [`--${name}`, value]);
      return [{ program: process.execPath, args: [program, 'setup', ...flags], environment: environment(folder, {}) }];
    },
  },
];
