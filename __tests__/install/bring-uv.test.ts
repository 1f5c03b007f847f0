import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { bringUv as bring, findUv, type Uv } from '../../src/install/bring-uv.js';
import { oldestUv, uvVersion, uvWheel } from '../../src/install/uv-release.js';
import { Failure } from '../../src/values/failure.js';
import type { StoredFile } from '../../src/values/gateway.js';
import type { IndexFile, ProjectPage } from '../../src/values/source.js';
import { describePython, findPythons } from '../packaging/pythons.js';
import { keptLog } from '../support/log.js';
import { describe as describeMachine, temporaryFolder } from './machine.js';

const [python] = findPythons();
const about = { ...describePython(python), ...describeMachine(python) };
const pinned = uvWheel(about);
const wheelFolder = path.join(tmpdir(), `paddle-tests-uv-wheel-${uvVersion}`);
const wheelPath = path.join(wheelFolder, pinned?.filename ?? '');

beforeAll(() => {
  if (existsSync(wheelPath)) return;
  const args = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', wheelFolder, `uv==${uvVersion}`];
  execFileSync(python, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 300_000 });
}, 300_000);

const fetched: IndexFile[] = [];
const toolCache = process.env['RUNNER_TOOL_CACHE'];
afterEach(() => {
  fetched.length = 0;
  if (toolCache === undefined) delete process.env['RUNNER_TOOL_CACHE'];
  else process.env['RUNNER_TOOL_CACHE'] = toolCache;
});

function pageWith(filenames: readonly string[]): ProjectPage {
  const files = filenames.map((filename): IndexFile => {
    const location = { source: 'configured', url: `http://mirror.example/${filename}`, sha256: null, size: null };
    const lying = { source: 'liar', url: `http://liar.example/${filename}`, sha256: '0'.repeat(64), size: 3 };
    const rest = { hashOrigin: null, size: null, requiresPython: null, yanked: null, uploadTime: null };
    return { filename, sha256: '0'.repeat(64), ...rest, locations: [location, lying] };
  });
  return { project: 'uv', files, answered: ['configured'], faults: [] };
}

type Wishes = Parameters<typeof bring>[0];

/** The uv that is here, else brought. */
const bringUv = async (wishes: Wishes): Promise<Uv> => (await findUv(wishes)) ?? bring(wishes);

function wishes(toolsFolder: string, change: Partial<Wishes> = {}): Wishes {
  return {
    interpreter: about,
    page: () => Promise.resolve(pageWith([pinned?.filename ?? ''])),
    widerPage: () => Promise.reject(new Error('one source was enough')),
    fetch: (file): Promise<StoredFile> => {
      fetched.push(file);
      return Promise.resolve({ path: wheelPath, sha256: pinned?.sha256 ?? '', size: statSync(wheelPath).size });
    },
    once: async (ready, make) => (await ready()) ?? make(),
    toolsFolder,
    jobToolCache: false,
    environment: { PATH: '' },
    log: keptLog(),
    signal: AbortSignal.timeout(60_000),
    ...change,
  };
}

/** A program that calls itself uv. */
function fakeUv(folder: string, version: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'uv'), `#!/bin/sh\necho "uv ${version} (test)"\n`, { mode: 0o755 });
}

describe('uv', () => {
  test('is brought by its pinned hash, whatever the index says of it, and runs', async () => {
    const tools = temporaryFolder();
    const uv = await bringUv(wishes(tools));
    expect(uv).toMatchObject({ version: uvVersion, origin: 'brought' });
    expect(uv.path.startsWith(path.join(tools, 'uv', uvVersion))).toBe(true);
    expect(execFileSync(uv.path, ['--version'], { encoding: 'utf8' })).toContain(uvVersion);
    expect(fetched).toEqual([expect.objectContaining({ sha256: pinned?.sha256, size: pinned?.size })]);
    expect(fetched[0]?.locations.map(({ source }) => source)).toEqual(['configured']);
    expect(readdirSync(tools)).toEqual(['uv']);
  });

  test('is kept for the next run, which asks no index', async () => {
    const tools = temporaryFolder();
    await bringUv(wishes(tools));
    const page = (): Promise<ProjectPage> => Promise.reject(new Error('no index was to be asked'));
    expect(await bringUv(wishes(tools, { page }))).toMatchObject({ origin: 'kept', version: uvVersion });
  });

  test('a kept copy that no longer runs is replaced', async () => {
    const tools = temporaryFolder();
    const { path: first } = await bringUv(wishes(tools));
    await rm(first);
    await writeFile(first, 'half a file');
    await chmod(first, 0o755);
    expect(await bringUv(wishes(tools))).toMatchObject({ origin: 'brought', path: first });
  });

  test('in a job it lies in the tool cache, found again there', async () => {
    process.env['RUNNER_TOOL_CACHE'] = temporaryFolder();
    const tools = temporaryFolder();
    const job = { jobToolCache: true };
    const brought = await bringUv(wishes(tools, job));
    expect(brought.origin).toBe('brought');
    expect(brought.path.startsWith(process.env['RUNNER_TOOL_CACHE'])).toBe(true);
    expect(await bringUv(wishes(tools, job))).toEqual({ ...brought, origin: 'kept' });
  });

  test('in a job without a tool cache the tools folder serves', async () => {
    delete process.env['RUNNER_TOOL_CACHE'];
    const tools = temporaryFolder();
    const uv = await bringUv(wishes(tools, { jobToolCache: true }));
    expect(uv.path.startsWith(tools)).toBe(true);
  });

  test('of the machine is used where it is new enough', async () => {
    const folder = temporaryFolder();
    const [old, broken, good] = ['old', 'broken', 'good'].map((name) => path.join(folder, name));
    if (old === undefined || broken === undefined || good === undefined) throw new Error('three folders');
    fakeUv(old, '0.4.30');
    await mkdir(broken);
    await symlink('/bin/false', path.join(broken, 'uv'));
    fakeUv(good, oldestUv);
    const environment = { PATH: [old, broken, 'relative', good].join(path.delimiter) };
    const uv = await bringUv(wishes(folder, { environment }));
    expect(uv).toEqual({ path: path.join(good, 'uv'), version: oldestUv, origin: 'existing' });
  });

  test('that is too old is passed over for our own', async () => {
    const folder = temporaryFolder();
    fakeUv(path.join(folder, 'old'), '0.8.3');
    const environment = { PATH: path.join(folder, 'old') };
    expect(await bringUv(wishes(folder, { environment }))).toMatchObject({ origin: 'brought' });
  });

  test('that no source lists is a failure that says who was asked and what to do', async () => {
    const page = (): Promise<ProjectPage> => Promise.resolve(pageWith(['uv-0.1.0-py3-none-win32.whl']));
    const failed = bringUv(wishes(temporaryFolder(), { page, widerPage: page }));
    await expect(failed).rejects.toBeInstanceOf(Failure);
    await expect(failed).rejects.toThrow(
      /is not listed by configured\. Install uv 0\.8\.4 or newer and put it on PATH/,
    );
  });

  test('is looked for at more sources where the first one is behind, or lists other bytes under its name', async () => {
    const behind = (): Promise<ProjectPage> => Promise.resolve(pageWith(['uv-0.1.0-py3-none-win32.whl']));
    const [right] = pageWith([pinned?.filename ?? '']).files;
    const lies = right?.locations.filter(({ source }) => source === 'liar') ?? [];
    const lying = (): Promise<ProjectPage> =>
      Promise.resolve({ ...pageWith([]), files: right === undefined ? [] : [{ ...right, locations: lies }] });
    const widerPage = (): Promise<ProjectPage> => Promise.resolve(pageWith([pinned?.filename ?? '']));
    for (const page of [behind, lying]) {
      expect(await bringUv(wishes(temporaryFolder(), { page, widerPage }))).toMatchObject({ origin: 'brought' });
    }
  });

  test('is found without a tools folder where it is on PATH alone', async () => {
    const none = { ...wishes(''), toolsFolder: null };
    expect(await findUv(none)).toBeNull();
    const folder = temporaryFolder();
    fakeUv(folder, oldestUv);
    expect(await findUv({ ...none, environment: { PATH: folder } })).toMatchObject({ origin: 'existing' });
  });

  test('for a platform without a wheel is a failure that names the platform', async () => {
    const interpreter = { ...about, platform: 'linux-sparc64', tags: ['cp311-cp311-linux_sparc64'] };
    await expect(bringUv(wishes(temporaryFolder(), { interpreter }))).rejects.toThrow(/has no wheel for linux-sparc64/);
  });
});

describe('the pinned wheels', () => {
  test.each([
    [['cp311-cp311-manylinux_2_36_x86_64', 'cp311-cp311-manylinux_2_17_x86_64'], 'manylinux2014_x86_64'],
    [['cp312-cp312-musllinux_1_2_x86_64', 'cp312-cp312-musllinux_1_1_x86_64'], 'musllinux_1_1_x86_64'],
    [['cp39-cp39-manylinux_2_28_aarch64', 'cp39-cp39-manylinux_2_17_aarch64'], 'manylinux_2_28_aarch64'],
    [['cp39-cp39-manylinux_2_17_aarch64'], 'musllinux_1_1_aarch64'],
    [['cp313-cp313-macosx_14_0_arm64', 'cp313-cp313-macosx_11_0_arm64'], 'macosx_11_0_arm64'],
    [['cp313-cp313-win_amd64'], 'win_amd64'],
  ])('an interpreter that takes %s gets %s', (tags, part) => {
    expect(uvWheel({ tags })?.filename).toContain(part);
  });

  test('the pinned hash is that of the real file', () => {
    const script = 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())';
    const sha256 = execFileSync(python, ['-c', script], { input: readFileSync(wheelPath), encoding: 'utf8' });
    expect(sha256.trim()).toBe(pinned?.sha256);
  });
});
