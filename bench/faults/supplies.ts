import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { realPip } from '../../__tests__/gateway/real-tools.js';
import { zip } from '../../__tests__/gateway/tiny-wheel.js';
import { realUv } from '../../__tests__/install/real-uv.js';

/** What the trials install, and with what. */
export interface Supplies {
  /** Absolute path of the interpreter itself, not of a shim. */
  readonly python: string;
  readonly uv: string;
  /** Two pips, each to be run as a program by an interpreter. */
  readonly pips: { readonly old: string; readonly newest: string };
  /** Project → file name → path. */
  readonly files: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** File name → SHA-256 of the wheel. */
  readonly hashes: ReadonlyMap<string, string>;
  /** What has to lie in `site-packages`, as the wheels' own records say (path → SHA-256, base64url). */
  readonly installed: ReadonlyMap<string, string>;
  /** File name → METADATA, which real indexes have beside a wheel (PEP 658). */
  readonly metadata: Readonly<Record<string, string>>;
  readonly version: string;
}

/** The release of PaddlePaddle that is asked for. */
export const version = '3.2.2';

const readWheels = `
import base64, csv, hashlib, io, json, os, sys, zipfile
hashes, installed, metadata = {}, {}, {}
for name in sorted(os.listdir(sys.argv[1])):
    path = os.path.join(sys.argv[1], name)
    with open(path, 'rb') as file:
        hashes[name] = hashlib.sha256(file.read()).hexdigest()
    with zipfile.ZipFile(path) as wheel:
        record = next(n for n in wheel.namelist() if n.endswith('.dist-info/RECORD') and n.count('/') == 1)
        metadata[name] = wheel.read(record.replace('RECORD', 'METADATA')).decode()
        for row in csv.reader(io.StringIO(wheel.read(record).decode())):
            if row and row[1].startswith('sha256=') and '.data/' not in row[0]:
                installed[row[0]] = row[1][7:]
print(json.dumps([hashes, installed, metadata]))
`;

/** A small wheel under PaddlePaddle's name, which wants real packages: what differs between the clients is not the size of the largest file. */
export function smallPaddle(tag: string): { readonly name: string; readonly bytes: Buffer } {
  const info = `paddlepaddle-${version}.dist-info`;
  const requires = ['numpy>=1.21', 'pillow>=9', 'protobuf>=3.20'].map((line) => `Requires-Dist: ${line}\n`).join('');
  const files: Record<string, string> = {
    'paddle/__init__.py': `__version__ = '${version}'\n`,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: paddlepaddle\nVersion: ${version}\n${requires}`,
    [`${info}/WHEEL`]: `Wheel-Version: 1.0\nGenerator: faults\nRoot-Is-Purelib: false\nTag: ${tag}\n`,
  };
  const hash = (text: string): string => createHash('sha256').update(text).digest('base64url');
  const lines = Object.entries(files).map(([name, text]) => `${name},sha256=${hash(text)},${text.length}\n`);
  return {
    name: `paddlepaddle-${version}-${tag}.whl`,
    bytes: zip({ ...files, [`${info}/RECORD`]: `${lines.join('')}${info}/RECORD,,\n` }),
  };
}

/**
 * Brings wheels, uv and two pips from the machine's own index, once: they stay in the system's temporary folder. `full`: the real
 * PaddlePaddle with all it needs (217 MB), else a small one with three real packages of it (25 MB).
 */
export function bringSupplies(full: boolean): Supplies {
  const python = execFileSync(process.env['PYTHON'] ?? 'python3', ['-c', 'import sys; print(sys.executable)'], {
    encoding: 'utf8',
  }).trim();
  const script = 'import sys; print("cp%d%d" % sys.version_info[:2])';
  const abi = execFileSync(python, ['-c', script], { encoding: 'utf8' }).trim();
  const folder = path.join(tmpdir(), 'paddle-mirror-setup-faults', `${abi}-${full ? 'full' : 'small'}`);
  if (!existsSync(folder)) {
    const arriving = `${folder}.${process.pid}`;
    mkdirSync(arriving, { recursive: true });
    const wanted = full ? [`paddlepaddle==${version}`, 'setuptools'] : ['numpy', 'pillow', 'protobuf', 'setuptools'];
    const flags = ['-q', '--only-binary', ':all:', '--disable-pip-version-check', '-d', arriving];
    execFileSync(python, ['-m', 'pip', 'download', ...flags, ...wanted], { stdio: 'inherit', timeout: 600_000 });
    if (!full) {
      const { name, bytes } = smallPaddle(`${abi}-${abi}-manylinux1_x86_64`);
      writeFileSync(path.join(arriving, name), bytes);
    }
    rmSync(folder, { recursive: true, force: true });
    renameSync(arriving, folder);
  }
  const pips = { old: realPip('23.2.1'), newest: realPip(null) };
  return { python, uv: realUv('0.13.9'), pips, version, ...describeWheels(python, folder) };
}

/** What mirrors and judges need to know of the wheels in a folder. */
export function describeWheels(
  python: string,
  folder: string,
): Pick<Supplies, 'files' | 'hashes' | 'installed' | 'metadata'> {
  const files: Record<string, Record<string, string>> = {};
  for (const filename of readdirSync(folder)) {
    const project = (filename.split('-')[0] ?? '').toLowerCase().replace(/[-_.]+/g, '-');
    files[project] = { ...files[project], [filename]: path.join(folder, filename) };
  }
  const read = execFileSync(python, ['-c', readWheels, folder], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  const [hashes = {}, installed = {}, metadata = {}] = JSON.parse(read) as Record<string, string>[];
  return { files, hashes: new Map(Object.entries(hashes)), installed: new Map(Object.entries(installed)), metadata };
}
