import type { ChildProcess } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import uvFiles from '../../src/install/uv.json' with { type: 'json' };
import { realWheels } from '../gateway/real-tools.js';
import { realUv } from '../install/real-uv.js';
import { tinyWheel } from '../install/tiny-wheel.js';
import type { CliRun, Machine } from '../support/machine.js';
import { type Mirror, type MirrorOptions, startMirror } from '../support/mirror.js';

type Files = Record<string, Record<string, Buffer>>;

/** A wheel that calls itself PaddlePaddle and imports like it, for the level `import` of the verification. */
function paddleWheel(distribution: string, version: string, cuda: string | null, note = ''): Record<string, Buffer> {
  const stated = JSON.stringify(cuda ?? 'False');
  return tinyWheel({
    name: distribution,
    version,
    requires: ['numpy', 'idna'],
    members: {
      'paddle/__init__.py': `from . import version\n__version__ = '${version}'\nnote = '${note}'\ndef is_compiled_with_cuda():\n    return ${cuda === null ? 'False' : 'True'}\n`,
      'paddle/version.py': `commit = '0123456789abcdef'\ndef cuda():\n    return ${stated}\ndef cudnn():\n    return 'False'\n`,
    },
  });
}

/** What a mirror of the Python index has here: PaddlePaddle in small, two real wheels, and what they lean on. */
export function pythonFiles(): Files {
  const { idna = {}, six = {} } = realWheels();
  return {
    idna,
    six,
    paddlepaddle: {
      ...paddleWheel('paddlepaddle', '3.1.1', null),
      ...paddleWheel('paddlepaddle', '3.2.2', null),
      ...paddleWheel('paddlepaddle', '3.3.1', null),
    },
    numpy: tinyWheel({ name: 'numpy', version: '2.2.0', members: { 'numpy.py': "__version__ = '2.2.0'\n" } }),
    setuptools: tinyWheel({ name: 'setuptools', version: '80.9.0' }),
  };
}

/** PaddlePaddle's own index: two folders whose files have the same names and other bytes. */
function paddleFiles(): Files {
  return {
    'stable/cu118/paddlepaddle-gpu': paddleWheel('paddlepaddle_gpu', '3.2.2', '11.8', 'from cu118'),
    'stable/cu126/paddlepaddle-gpu': paddleWheel('paddlepaddle_gpu', '3.2.2', '12.6', 'from cu126'),
  };
}

/** A mirror of the Python index and PaddlePaddle's own one, both on loopback. */
export interface Shop {
  readonly index: Mirror;
  readonly paddle: Mirror;
  /** Bytes of files that both have sent. */
  bytes(): number;
  /** Switches the network off. */
  close(): Promise<void>;
}

/** Opens both mirrors. */
export async function openShop(options: Partial<MirrorOptions> = {}): Promise<Shop> {
  const index = await startMirror({ files: pythonFiles(), ...options });
  const paddle = await startMirror({ files: paddleFiles(), paddle: true });
  return {
    index,
    paddle,
    bytes: () => index.bytes + paddle.bytes,
    async close() {
      await Promise.all([index.close(), paddle.close()]);
    },
  };
}

/** The parts of a report that these tests read. */
interface Told {
  readonly outcome: string;
  readonly notices: readonly { readonly text: string }[];
  readonly problems: readonly { readonly where: string; readonly what: string; readonly remedy: string }[];
  readonly plan: { readonly device: string; readonly version: string };
  readonly cache: { readonly hit: string; readonly filesReused: number; readonly bytesDownloaded: number };
  readonly gateway: { readonly bytesFetched: number; readonly files: number };
  readonly lock: {
    readonly path: string;
    readonly resolved: boolean;
    readonly unhashed: readonly string[];
    readonly files: readonly {
      readonly name: string;
      readonly version: string;
      readonly kind: string;
      readonly size: number | null;
    }[];
  };
  readonly configured: Readonly<Record<string, string>>;
  readonly install: { readonly installer: string; readonly python: string };
  readonly sources: readonly { readonly id: string; readonly bytes: number }[];
}

/** PATH with the uv that would be brought, so that nothing of 17 MB has to be fetched first. */
export function withUv(machine: Machine): Record<string, string> {
  const path = machine.environment['PATH'] ?? '';
  return { PATH: [dirname(realUv(uvFiles.version)), path].join(delimiter), PIP_FIND_LINKS: '' };
}

/** Options that keep a run on loopback and short. */
export function short(machine: Machine, { index, paddle }: Shop): string[] {
  const sources = ['--mirrors', index.index, '--paddle-index', paddle.index];
  return ['--python', machine.python, ...sources, '--device', 'cpu', '--verify', 'import'];
}

/** Runs `setup` on a machine, gives what it said and its report. Options given later win over `short`. */
export async function setup(
  machine: Machine,
  shop: Shop,
  options: readonly string[] = [],
  extra: Readonly<Record<string, string>> = {},
  meanwhile?: (child: ChildProcess) => void,
  through?: readonly string[],
): Promise<CliRun & { readonly report: Told }> {
  const file = join(machine.home, 'report.json');
  const kept = short(machine, shop).filter((_, at, all) => !options.includes(all[at - (at % 2)] ?? ''));
  await rm(file, { force: true });
  const args = ['setup', ...kept, '--report', file, ...options];
  const said = await machine.cli(args, { ...withUv(machine), ...extra }, meanwhile, through);
  const text = await readFile(file, 'utf8').catch(() => '{}');
  return { ...said, report: JSON.parse(text) as Told };
}
