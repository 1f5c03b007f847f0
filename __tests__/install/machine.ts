import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from '@jest/globals';
import { type UvProgram, uvProgram } from '../../src/install/uv-program.js';
import { makeVenv } from '../../src/install/venv.js';
import { compatibleTags } from '../../src/packaging/tags.js';
import { installerEnvironment } from '../../src/runner/clean-environment.js';
import type { Gateway } from '../../src/values/gateway.js';
import type { Lock, LockedFile } from '../../src/values/lock.js';
import { askPython, describePython } from '../packaging/pythons.js';
import { keptLog } from '../support/log.js';

const folders: string[] = [];
afterAll(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

/** A new folder, which goes when the tests of the file are done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'paddle-installing-'));
  folders.push(folder);
  return folder;
}

/** The environment that our installers get on this machine. */
export function environment(extra: Readonly<Record<string, string>>): Record<string, string> {
  return installerEnvironment(process.env, extra);
}

/** As much of an Interpreter as the rooms of locking and installing read. */
export function describe(executable: string): {
  readonly executable: string;
  readonly version: string;
  readonly tags: readonly string[];
  readonly purelib: string;
  readonly paddle: Readonly<Record<string, string>>;
} {
  const purelib = askPython(executable, 'import json, sysconfig; print(json.dumps(sysconfig.get_path("purelib")))');
  const about = describePython(executable);
  return { executable, version: about.version, tags: compatibleTags(about), purelib: String(purelib), paddle: {} };
}

export function boundUv(
  uv: string,
  gateway: Gateway | null,
  cacheFolder: string,
  signal = AbortSignal.timeout(60_000),
): UvProgram {
  return uvProgram({ path: uv, environment, gateway, cacheFolder, cwd: tmpdir(), remainingMs: () => 60_000, signal });
}

/** A new environment for an installer, made with `uv`. */
export async function newEnvironment(
  python: string,
  installer: 'pip' | 'uv',
  uv: string,
): Promise<ReturnType<typeof describe>> {
  const { executable } = await makeVenv({
    folder: path.join(temporaryFolder(), 'venv'),
    interpreter: describe(python),
    installer,
    uv: boundUv(uv, null, temporaryFolder()),
    environment,
    remainingMs: () => 60_000,
    log: keptLog(),
    signal: AbortSignal.timeout(60_000),
  });
  return describe(executable);
}

/** A lock of these files for PaddlePaddle's CPU build. */
export function lockOf(files: readonly LockedFile[], rest: Partial<Lock> = {}): Lock {
  return {
    requiresPython: '>=3.8',
    device: 'cpu',
    cuda: null,
    distribution: 'paddlepaddle',
    paddleVersion: '3.2.2',
    unhashed: [],
    created: '2026-11-22T00:00:00.000Z',
    key: 'k',
    ...rest,
    files,
  };
}
