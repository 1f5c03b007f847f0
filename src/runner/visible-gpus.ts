import type { Gpu } from '../values/runner.js';

/** What `nvidia-smi -L` tells of one GPU: its UUID, and the MIG instances made on it. */
export interface ListedGpu {
  readonly index: number;
  readonly uuid: string;
  readonly instances: readonly { readonly profile: string; readonly uuid: string }[];
}

/** Reads `GPU 0: NVIDIA H200 (UUID: GPU-...)` and below it `  MIG 1g.18gb     Device  0: (UUID: MIG-...)`. */
export function parseList(text: string): ListedGpu[] {
  const list: { index: number; uuid: string; instances: { profile: string; uuid: string }[] }[] = [];
  for (const line of text.split(/\r?\n/)) {
    const [, index, uuid = ''] = /^GPU (\d+):.*\(UUID: (GPU-[^)]+)\)/.exec(line) ?? [];
    const [, profile = '', instance] = /^\s+MIG (\S+)\s+Device\s+\d+:\s+\(UUID: (MIG-[^)]+)\)/.exec(line) ?? [];
    if (index !== undefined) list.push({ index: Number(index), uuid, instances: [] });
    if (instance !== undefined) list.at(-1)?.instances.push({ profile, uuid: instance });
  }
  return list;
}

/** One word of CUDA_VISIBLE_DEVICES: the GPU it names with the instances it leaves, or null where it names none. */
function named(word: string, gpus: readonly Gpu[], listed: readonly ListedGpu[]): Gpu | null {
  const at = (index: number): Gpu | undefined => gpus.find((gpu) => gpu.index === index);
  if (/^\d+$/.test(word)) return at(Number(word)) ?? null;
  for (const { index, uuid, instances } of listed) {
    const gpu = at(index);
    const instance = instances.find((one) => one.uuid.startsWith(word));
    if (gpu !== undefined && word.startsWith('GPU-') && uuid.startsWith(word)) return gpu;
    if (gpu !== undefined && word.startsWith('MIG-') && instance !== undefined) {
      return { ...gpu, mig: [instance.profile] };
    }
  }
  return null;
}

/**
 * The GPUs that CUDA shows a process, by CUDA_VISIBLE_DEVICES (CUDA programming guide, environment variables): words after one that names
 * nothing do not count. Numbers follow CUDA's own order, the fastest first, unless CUDA_DEVICE_ORDER says PCI_BUS_ID; where GPUs of
 * different kinds make that order unknowable here, numbers hide nothing.
 */
export function visibleGpus(
  gpus: readonly Gpu[],
  listed: readonly ListedGpu[],
  environment: NodeJS.ProcessEnv,
): readonly Gpu[] {
  const setting = environment['CUDA_VISIBLE_DEVICES'];
  if (setting === undefined) return gpus;
  const words = setting.split(',').map((word) => word.trim());
  const alike = new Set(gpus.map(({ name }) => name)).size <= 1;
  const inOrder = alike || environment['CUDA_DEVICE_ORDER'] === 'PCI_BUS_ID';
  if (!inOrder && words.every((word) => /^\d+$/.test(word))) return gpus;
  const seen: Gpu[] = [];
  for (const word of words) {
    const gpu = named(word, gpus, listed);
    if (gpu === null) break;
    seen.push(gpu);
  }
  return seen;
}
