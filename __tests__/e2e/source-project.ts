import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Builds without any package: PEP 517 allows a backend that lies in the project itself. */
const backend = (name: string, version: string) => `
import zipfile

def build_wheel(directory, config_settings=None, metadata_directory=None):
    wheel, info = '${name}-${version}-py3-none-any.whl', '${name}-${version}.dist-info'
    with zipfile.ZipFile(directory + '/' + wheel, 'w') as archive:
        archive.writestr('${name}.py', 'version = ${JSON.stringify(version)}')
        archive.writestr(info + '/METADATA', 'Metadata-Version: 2.1\\nName: ${name}\\nVersion: ${version}\\n')
        archive.writestr(info + '/WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
        archive.writestr(info + '/RECORD', '')
    return wheel

build_editable = build_wheel
`;

/** A folder with a project that builds a pure wheel with one module. */
export async function writeProject(folder: string, name: string, version: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const project = `[project]\nname = '${name}'\nversion = '${version}'\n`;
  const build = `[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n`;
  await writeFile(join(folder, 'pyproject.toml'), project + build);
  await writeFile(join(folder, 'backend.py'), backend(name, version));
  await writeFile(join(folder, 'PKG-INFO'), `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`);
}

/** The sdist of such a project: file name → bytes. */
export async function sourceDistribution(
  folder: string,
  name: string,
  version: string,
): Promise<Record<string, Buffer>> {
  const stem = `${name}-${version}`;
  await writeProject(join(folder, stem), name, version);
  const archive = join(folder, `${stem}.tar.gz`);
  execFileSync('tar', ['-C', folder, '-czf', archive, stem]);
  return { [`${stem}.tar.gz`]: await readFile(archive) };
}
