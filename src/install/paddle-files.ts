import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Interpreter } from '../values/interpreter.js';
import type { Lock } from '../values/lock.js';

/** What has to be done to PaddlePaddle packages that are already there. */
export interface PaddleChange {
  /** Distributions to uninstall first: they own the same `paddle/` folder as the one that is wanted. */
  readonly remove: readonly string[];
  /** Distributions to install again although their version is right. */
  readonly reinstall: readonly string[];
}

/** Every build of PaddlePaddle itself (`paddlepaddle`, `paddlepaddle-gpu`, `paddlepaddle-xpu`, ...) unpacks into `paddle/`; plug-ins (`paddle-custom-*`) do not. */
function ownsPaddleFolder(distribution: string): boolean {
  return distribution === 'paddlepaddle' || distribution.startsWith('paddlepaddle-');
}

/**
 * CUDA version of the installed build as its own `paddle/version/__init__.py` states it (`12.6`), null for a build without CUDA,
 * undefined where nothing readable is there.
 */
export async function installedCuda(purelib: string): Promise<string | null | undefined> {
  const file = path.join(purelib, 'paddle', 'version', '__init__.py');
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return '';
    throw error;
  });
  const value = /^cuda_version\s*=\s*['"]([^'"]*)['"]/m.exec(text)?.[1];
  return value === 'False' ? null : value;
}

/**
 * Wheels of one version for different CUDA versions have one file name, so an installer that finds the version takes any of them for
 * the right one, and two distributions overwrite each other's files. `cuda`: what `installedCuda` said.
 */
export function paddleChange(
  paddle: Interpreter['paddle'],
  cuda: string | null | undefined,
  lock: Pick<Lock, 'distribution' | 'paddleVersion' | 'cuda'>,
): PaddleChange {
  const remove = Object.keys(paddle).filter((name) => ownsPaddleFolder(name) && name !== lock.distribution);
  const there = paddle[lock.distribution] === lock.paddleVersion;
  const sameBuild = cuda === lock.cuda || (lock.cuda !== null && cuda?.startsWith(`${lock.cuda}.`) === true);
  return { remove, reinstall: there && (remove.length > 0 || !sameBuild) ? [lock.distribution] : [] };
}
