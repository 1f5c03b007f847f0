import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chmod, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { compareVersions } from '../packaging/version.js';
import { Failure } from '../values/failure.js';
import type { StoredFile } from '../values/gateway.js';
import type { Interpreter } from '../values/interpreter.js';
import type { Log } from '../values/log.js';
import type { IndexFile, ProjectPage } from '../values/source.js';
import { runProgram } from './program.js';
import { oldestUv, type UvWheel, uvVersion, uvWheel } from './uv-release.js';

/** A uv that answered. */
export interface Uv {
  /** Absolute path of the executable. */
  readonly path: string;
  readonly version: string;
  /** `existing`: on PATH; `kept`: brought by an earlier run; `brought`: just now. */
  readonly origin: 'existing' | 'kept' | 'brought';
}

interface Machine {
  readonly interpreter: Pick<Interpreter, 'executable' | 'platform' | 'musl' | 'tags'>;
  /** Folder for programs that outlive the run; null where there is none yet. */
  readonly toolsFolder: string | null;
  /** Whether a job's tool cache (`RUNNER_TOOL_CACHE`) is used instead, where there is one. */
  readonly jobToolCache: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly signal: AbortSignal;
}

interface Wishes extends Machine {
  readonly toolsFolder: string;
  /** uv's page on the machine's own index. */
  readonly page: () => Promise<ProjectPage>;
  /** The same with what more sources tell: one that is behind the others, or wrong, is not believed alone. */
  readonly widerPage: () => Promise<ProjectPage>;
  /** Brings a file, its hash checked. */
  readonly fetch: (file: IndexFile) => Promise<StoredFile>;
  /** What `ready` finds, else what `make` makes while other runs that share the tools folder wait for it. */
  readonly once: (ready: () => Promise<Uv | undefined>, make: () => Promise<Uv>) => Promise<Uv>;
}

const executable = process.platform === 'win32' ? 'uv.exe' : 'uv';
/** Milliseconds for `uv --version` and for unpacking 18 MB; both take a fraction of it. */
const versionLimit = 10_000;
const unpackLimit = 60_000;

/** Takes one member out of a wheel; `zipfile` belongs to every Python (also without its site packages, which take time to look at), while `unzip` and `tar` are not on every machine. */
const unpackScript = `
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel, wheel.open(sys.argv[2]) as member, open(sys.argv[3], 'wb') as target:
    shutil.copyfileobj(member, target)
`;

/** What the program at hand needs of the machine's environment; Windows can't start a process without its own folder. */
function smallEnvironment(environment: Machine['environment']): Record<string, string> {
  const names = ['PATH', 'HOME', 'SystemRoot', 'TEMP', 'TMP', 'TMPDIR'];
  return Object.fromEntries(names.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])));
}

/** Version of a program that calls itself uv, or null with the reason in the debug log. */
async function versionOf(file: string, wishes: Machine): Promise<string | null> {
  try {
    const ran = await runProgram({
      file,
      args: ['--version'],
      environment: smallEnvironment(wishes.environment),
      cwd: path.dirname(file),
      limitMs: versionLimit,
      signal: wishes.signal,
      purpose: `${file} --version`,
    });
    const version = /^uv (\d+\.\d+\.\d+)/.exec(ran.stdout)?.[1] ?? null;
    if (version === null) wishes.log.debug(`${file} is not used: --version ended with ${ran.code}.`);
    return version;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    wishes.log.debug(`${file} is not used: ${error.message}`);
    return null;
  }
}

function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function existingUv(wishes: Machine): Promise<Uv | null> {
  const search = wishes.environment['PATH'] ?? wishes.environment['Path'] ?? '';
  for (const folder of search.split(path.delimiter).filter((entry) => path.isAbsolute(entry))) {
    const file = path.join(folder, executable);
    const version = (await isExecutable(file)) ? await versionOf(file, wishes) : null;
    if (version === null) continue;
    if (compareVersions(version, oldestUv) >= 0) return { path: file, version, origin: 'existing' };
    wishes.log.debug(`${file} is uv ${version}; ${oldestUv} or newer is needed.`);
  }
  return null;
}

/** The kept copy in a folder, if it still runs and is the pinned version. */
async function keptUv(folder: string, wishes: Machine): Promise<Uv | null> {
  if (folder === '') return null;
  const file = path.join(folder, executable);
  if (!(await isExecutable(file))) return null;
  return (await versionOf(file, wishes)) === uvVersion ? { path: file, version: uvVersion, origin: 'kept' } : null;
}

/** Remedy wherever uv can't be brought. */
const remedy = `Install uv ${oldestUv} or newer and put it on PATH, or name an index in mirrors that has uv ${uvVersion}.`;

async function fetchWheel(wheel: UvWheel, wishes: Wishes): Promise<StoredFile> {
  const listing = (page: ProjectPage): IndexFile | undefined =>
    page.files.find(
      ({ filename, locations }) =>
        filename === wheel.filename && locations.some(({ sha256 }) => sha256 === null || sha256 === wheel.sha256),
    );
  const first = await wishes.page();
  const page = listing(first) === undefined ? await wishes.widerPage() : first;
  const listed = listing(page);
  if (listed === undefined) {
    const asked = page.answered.length > 0 ? page.answered.join(', ') : 'no source (none answered)';
    const faults = page.faults.map((fault) => ` ${fault.source}: ${fault.detail}.`).join('');
    const what = `The installer uv is not on this machine, and ${wheel.filename} is not listed by ${asked}.${faults}`;
    throw new Failure(1, [{ where: 'uv', what, remedy }]);
  }
  wishes.log.info(`Bringing uv ${uvVersion} (${(wheel.size / 1e6).toFixed(1)} MB).`);
  return wishes.fetch({
    ...listed,
    sha256: wheel.sha256,
    hashOrigin: 'lock',
    size: wheel.size,
    locations: listed.locations.filter(({ sha256 }) => sha256 === null || sha256 === wheel.sha256),
  });
}

/** Unpacks uv into `folder/uv`. */
async function unpack(wheel: StoredFile, folder: string, wishes: Wishes): Promise<void> {
  const target = path.join(folder, executable);
  const ran = await runProgram({
    file: wishes.interpreter.executable,
    args: ['-I', '-S', '-c', unpackScript, wheel.path, `uv-${uvVersion}.data/scripts/${executable}`, target],
    environment: smallEnvironment(wishes.environment),
    cwd: folder,
    limitMs: unpackLimit,
    signal: wishes.signal,
    purpose: 'unpacking uv',
  });
  if (ran.code !== 0) {
    const what = `uv could not be unpacked into ${folder}: ${ran.stderr.trim().split('\n').at(-1) ?? ''}.`;
    throw new Failure(1, [{ where: 'uv', what, remedy: 'Check the free space and the rights of that folder.' }]);
  }
  await chmod(target, 0o755);
}

/** Moves the unpacked folder to its place. Another run may have been first: its copy stays, unless it does not run. */
async function settle(staging: string, folder: string, wishes: Wishes): Promise<void> {
  await mkdir(path.dirname(folder), { recursive: true });
  try {
    await rename(staging, folder);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    if ((await keptUv(folder, wishes)) !== null) return;
    await rm(folder, { recursive: true, force: true });
    await rename(staging, folder);
  }
}

/** The runner's tool cache in a job, which has a layout of its own; null elsewhere. */
function jobCache({ jobToolCache }: Machine): Promise<typeof import('@actions/tool-cache')> | null {
  return jobToolCache && process.env['RUNNER_TOOL_CACHE'] !== undefined ? import('@actions/tool-cache') : null;
}

function platformOf({ interpreter }: Machine): string {
  return `${interpreter.platform}${interpreter.musl === null ? '' : '-musl'}`;
}

/** Where our own uv lies under a tools folder. */
function ownFolder(toolsFolder: string, platform: string): string {
  return path.join(toolsFolder, 'uv', uvVersion, platform);
}

/**
 * A uv that is new enough and here already: the machine's own, else the copy kept by an earlier run (in a job in the runner's tool cache,
 * elsewhere under the tools folder); null where there is none.
 */
export async function findUv(wishes: Machine): Promise<Uv | null> {
  const existing = await existingUv(wishes);
  if (existing !== null) return existing;
  const platform = platformOf(wishes);
  const toolCache = await jobCache(wishes);
  const folder =
    toolCache?.find('uv', uvVersion, platform) ??
    (wishes.toolsFolder === null ? '' : ownFolder(wishes.toolsFolder, platform));
  return keptUv(folder, wishes);
}

/** Brings the pinned wheel of uv from the machine's own index and keeps it. Throws Failure(1) where it can't be had. */
export async function bringUv(wishes: Wishes): Promise<Uv> {
  const wheel = uvWheel(wishes.interpreter);
  if (wheel === null) {
    const what = `The installer uv is not on this machine, and uv ${uvVersion} has no wheel for ${wishes.interpreter.platform}.`;
    throw new Failure(1, [{ where: 'uv', what, remedy: `Install uv ${oldestUv} or newer and put it on PATH.` }]);
  }
  const platform = platformOf(wishes);
  const toolCache = await jobCache(wishes);
  const own = ownFolder(wishes.toolsFolder, platform);
  const file = await fetchWheel(wheel, wishes);
  const ready = async () =>
    (await keptUv(toolCache === null ? own : toolCache.find('uv', uvVersion, platform), wishes)) ?? undefined;
  // Many runs may begin at once: one of them unpacks.
  return wishes.once(ready, async () => {
    const staging = path.join(wishes.toolsFolder, `.uv-${randomUUID()}`);
    await mkdir(staging, { recursive: true });
    try {
      await unpack(file, staging, wishes);
      const folder = toolCache === null ? own : await toolCache.cacheDir(staging, 'uv', uvVersion, platform);
      if (toolCache === null) await settle(staging, own, wishes);
      const brought = await keptUv(folder, wishes);
      if (brought !== null) return { ...brought, origin: 'brought' };
      const what = `uv ${uvVersion} was brought for ${platform}, but ${path.join(folder, executable)} does not run here.`;
      throw new Failure(1, [
        { where: 'uv', what, remedy: `Check that programs may run from that folder, or ${remedy}` },
      ]);
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  });
}
