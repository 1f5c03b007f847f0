import { satisfies } from '../packaging/version.js';
import { boundsSpecifier, type Sourced } from './devices.js';
import data from './libraries.json' with { type: 'json' };

/** NVIDIA's libraries that a range of releases of one CUDA build was made with; from 3.0 on its wheels bring them as packages. */
export interface Libraries extends Sourced {
  readonly device: string;
  /** Null: both systems. */
  readonly os: 'linux' | 'win32' | null;
  readonly from: string | null;
  readonly below: string | null;
  readonly cudnn: string | null;
  /** Null where unknown; builds for Windows have none. */
  readonly nccl: string | null;
  readonly tensorrt: string | null;
  /** Known requirements of the wheels on Linux: they collide with other frameworks' pins of the same packages. */
  readonly packages: readonly string[];
}

/** Every entry, releases ascending within a device and system. */
export const libraries = data as readonly Libraries[];

/** What a release of a build was made with on a system, or undefined where nobody tells. */
export function librariesOf(device: string, version: string, os: string): Libraries | undefined {
  return libraries.find(
    (entry) =>
      entry.device === device &&
      (entry.os === null || entry.os === os) &&
      satisfies(version, boundsSpecifier(entry), { prereleases: true }),
  );
}
