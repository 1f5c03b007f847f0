import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import uv from '../src/install/uv.json' with { type: 'json' };

/** Real wheels in a folder, and what a mirror needs to know of them. */
export interface Wheels {
  readonly folder: string;
  /** Project → file name → path. */
  readonly files: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** File name → METADATA, for all but PaddlePaddle's own wheel: the official index has it for those (PEP 658). */
  readonly metadata: Readonly<Record<string, string>>;
  /** Path of the uv program out of its wheel: the very version that the setup brings. */
  readonly uv: string;
}

const readMetadata = `
import glob, json, os, sys, zipfile
found = {}
for path in glob.glob(os.path.join(sys.argv[1], '*.whl')):
    with zipfile.ZipFile(path) as wheel:
        name = next(n for n in wheel.namelist() if n.endswith('.dist-info/METADATA') and n.count('/') == 1)
        found[os.path.basename(path)] = wheel.read(name).decode()
print(json.dumps(found))
`;

/** Downloads the wheels of these requirements for this interpreter, once: they stay in the system's temporary folder. */
export function getWheels(python: string, requirements: readonly string[]): Wheels {
  const version = execFileSync(python, ['-c', 'import sys; print("%d%d" % sys.version_info[:2])'], {
    encoding: 'utf8',
  });
  const base = path.join(tmpdir(), 'paddle-mirror-setup-bench');
  const folder = path.join(base, `cp${version.trim()}`);
  if (!existsSync(folder)) {
    const arriving = `${folder}.arriving`;
    rmSync(arriving, { recursive: true, force: true });
    mkdirSync(arriving, { recursive: true });
    const wanted = [...requirements, `uv==${uv.version}`];
    const flags = ['--only-binary', ':all:', '--disable-pip-version-check', '-q', '-d', arriving];
    execFileSync(python, ['-m', 'pip', 'download', ...flags, ...wanted], { stdio: 'inherit' });
    renameSync(arriving, folder);
  }
  const files: Record<string, Record<string, string>> = {};
  for (const filename of readdirSync(folder)) {
    const project = (filename.split('-')[0] ?? '').toLowerCase().replace(/[-_.]+/g, '-');
    files[project] = { ...files[project], [filename]: path.join(folder, filename) };
  }
  const all = execFileSync(python, ['-c', readMetadata, folder], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  const metadata = Object.entries(JSON.parse(all) as Record<string, string>).filter(
    ([name]) => !name.startsWith('paddle'),
  );
  return { folder, files, metadata: Object.fromEntries(metadata), uv: unpackUv(python, files['uv'] ?? {}, base) };
}

function unpackUv(python: string, wheels: Readonly<Record<string, string>>, base: string): string {
  const folder = path.join(base, `uv-${uv.version}`);
  const program = path.join(folder, `uv-${uv.version}.data`, 'scripts', 'uv');
  const [wheel] = Object.values(wheels);
  if (wheel === undefined) throw new Error('pip download brought no wheel of uv');
  if (!existsSync(program)) {
    const unpack =
      'import os, sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2]); os.chmod(sys.argv[3], 0o755)';
    execFileSync(python, ['-c', unpack, wheel, folder, program]);
  }
  return program;
}
