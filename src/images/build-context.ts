import { constants, copyFile, link, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { contextNames } from '../values/images.js';
import { errorCode } from '../values/system-error.js';

/** One file of a lock as it goes into a build. */
export interface ContextFile {
  readonly name: string;
  readonly version: string;
  readonly filename: string;
  /** SHA-256, lower-case hex. */
  readonly sha256: string;
  /** Absolute path of the bytes, whose hash was checked. */
  readonly path: string;
}

/** What a folder for `docker build` is made of. */
export interface BuildContext {
  readonly folder: string;
  readonly files: readonly ContextFile[];
  /** Public index for further `pip install` lines of the user's own Dockerfile, without credentials; null: pip's own. */
  readonly index: string | null;
  /** `3.11`: the Python that the wheels are for. */
  readonly python: string;
}

/** Requirements with the hash of each file: pip installs these bytes or none. */
function lockedRequirements(files: readonly ContextFile[]): string {
  return files
    .map(({ name, version, sha256 }) => `${name}==${version} --hash=sha256:${sha256}\n`)
    .sort()
    .join('');
}

/** Settings for the builder alone: mounted while a line runs, never copied into the image. */
function pipConf(index: string | null): string {
  const lines = ['[global]', 'disable-pip-version-check = true', 'no-cache-dir = true', 'timeout = 60'];
  return `${[...lines, ...(index === null ? [] : [`index-url = ${index}`])].join('\n')}\n`;
}

const install = (wheels: string): string =>
  `python -m pip install --no-index --no-deps --find-links ${wheels}/wheels --require-hashes -r ${wheels}/requirements.txt`;

/** For BuildKit: the wheels are mounted, so they are in no layer; a netrc for the user's own indexes comes as a secret. */
function buildkitDockerfile(python: string): string {
  return `# syntax-free: works with the BuildKit that Docker brings.
ARG BASE=python:${python}-slim
FROM \${BASE}
# The wheels and pip's settings are there while this line runs, and in no layer.
RUN --mount=type=bind,target=/paddle \\
    --mount=type=bind,source=pip.conf,target=/etc/pip.conf \\
    --mount=type=secret,id=netrc,target=/root/.netrc,required=false \\
    ${install('/paddle')}
`;
}

/** For the classic builder: the wheels are copied into a stage that is thrown away. No credentials: a build argument shows in \`docker history\`. */
function classicDockerfile(python: string): string {
  return `ARG BASE=python:${python}-slim
FROM \${BASE} AS install
COPY requirements.txt pip.conf /paddle/
COPY wheels /paddle/wheels
RUN python -m venv /opt/paddle && PIP_CONFIG_FILE=/paddle/pip.conf /opt/paddle/bin/${install('/paddle')}

FROM \${BASE}
COPY --from=install /opt/paddle /opt/paddle
ENV PATH=/opt/paddle/bin:$PATH
`;
}

/** Hard links cost no room; a store on another disk, or of another user (protected_hardlinks), is copied. */
async function place(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!['EXDEV', 'EPERM', 'EACCES', 'EMLINK', 'ENOTSUP'].includes(errorCode(error) ?? '')) throw error;
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  }
}

/** Writes the folder; what an earlier run wrote there is replaced. */
export async function writeBuildContext({ folder, files, index, python }: BuildContext): Promise<void> {
  const wheels = path.join(folder, 'wheels');
  await rm(wheels, { recursive: true, force: true });
  await mkdir(wheels, { recursive: true });
  for (const file of files) await place(file.path, path.join(wheels, file.filename));
  const texts: Readonly<Record<Exclude<(typeof contextNames)[number], 'wheels'>, string>> = {
    'requirements.txt': lockedRequirements(files),
    'pip.conf': pipConf(index),
    Dockerfile: buildkitDockerfile(python),
    'Dockerfile.classic': classicDockerfile(python),
    '.dockerignore': 'Dockerfile*\n.dockerignore\n',
  };
  for (const [name, text] of Object.entries(texts)) await writeFile(path.join(folder, name), text);
}
