import { compareVersions } from '../packaging/version.js';
import data from './architectures.json' with { type: 'json' };
import type { Sourced } from './devices.js';

/** GPU architectures that a range of releases of one CUDA build holds code for. Wheels hold no PTX: nothing else can be made to run later. */
export interface ArchitectureSet extends Sourced {
  readonly device: string;
  /** Null: both systems. */
  readonly os: 'linux' | 'win32' | null;
  readonly from: string | null;
  readonly below: string | null;
  /** Compute capabilities with code of their own, such as `8.0`: it runs on every capability of the same major version from there on. */
  readonly capabilities: readonly string[];
  /** Outside of these capabilities nothing runs; between them, what is not listed is unconfirmed. Null: no bound known. */
  readonly minimum: string | null;
  readonly maximum: string | null;
}

/** Every set, releases ascending within a device and system. */
export const architectures = data as readonly ArchitectureSet[];

export type Support = 'yes' | 'unconfirmed' | 'no';

/** NVIDIA's rule of binary compatibility: code for X.y runs on X.z with z >= y, never on another major version. */
function runs(code: string, capability: string): boolean {
  return code.split('.')[0] === capability.split('.')[0] && compareVersions(code, capability) <= 0;
}

/** Whether wheels of the set compute on a GPU of that compute capability (`8.9`). */
export function support(set: ArchitectureSet, capability: string): Support {
  const { minimum, maximum, capabilities } = set;
  const outside =
    (minimum !== null && compareVersions(capability, minimum) < 0) ||
    (maximum !== null && compareVersions(capability, maximum) > 0);
  if (outside) {
    return 'no';
  }
  return capabilities.some((code) => runs(code, capability)) ? 'yes' : 'unconfirmed';
}

/** The sets of a device on a system, oldest releases first. */
export function architectureSets(device: string, os: string): ArchitectureSet[] {
  return architectures.filter((set) => set.device === device && (set.os === null || set.os === os));
}
