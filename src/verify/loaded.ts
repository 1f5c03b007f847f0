import { compareVersions, isVersion } from '../packaging/version.js';
import type { Answer } from './answer.js';

/** `22602` and `2.26.2` are the same release of NCCL: some builds state the number of its header. */
function readStated(version: string): string {
  if (!/^\d{4,}$/.test(version)) return version;
  const [major, rest] = version.length === 4 ? [1000, 100] : [10_000, 100];
  const number = Number(version);
  return `${Math.floor(number / major)}.${Math.floor((number % major) / rest)}.${number % rest}`;
}

/**
 * Warnings of libraries that are loaded in an older version than the build was made with, or of CUDA in another major version: it
 * computed right in this run, but functions may be missing. A newer one of the same major version is what NVIDIA supports.
 */
export function findOldLibraries({ cuda, cudnn, nccl, libraries }: Answer): string[] {
  const made = new Map([
    ['CUDA runtime', cuda],
    ['cuDNN', cudnn],
    ['NCCL', nccl],
  ]);
  return libraries.flatMap(({ name, version, path }) => {
    const stated = made.get(name) ?? null;
    if (stated === null || version === null) return [];
    const wanted = readStated(stated);
    if (!isVersion(wanted) || !isVersion(version)) return [];
    const otherMajor = wanted.split('.')[0] !== version.split('.')[0];
    if (!otherMajor && compareVersions(version, wanted) >= 0) return [];
    return [
      `${name} ${version} is loaded from ${path}, and this PaddlePaddle was made with ${wanted}. Take other CUDA folders off LD_LIBRARY_PATH, or install the library's package of that version.`,
    ];
  });
}
