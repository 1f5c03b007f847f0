import type { Interpreter } from './interpreter.js';

/** One GPU as its own tool names it. */
export interface Gpu {
  readonly index: number;
  readonly name: string;
  /** Compute capability such as `8.9`; null where the tool does not tell. */
  readonly capability: string | null;
  /** Memory in MiB; null where the tool does not tell. */
  readonly memoryMiB: number | null;
  /** Profiles of the MIG instances that it is split into (`1g.18gb`), [] where it is whole. A process computes on one of them. */
  readonly mig: readonly string[];
}

/** What the vendors' tools say of accelerators. */
export interface Accelerators {
  /** NVIDIA driver version such as `550.54.14`, or null: no `nvidia-smi`, or it failed. */
  readonly nvidiaDriver: string | null;
  /** Whose numbers the driver has: under WSL 2 it is the Windows driver. */
  readonly driverSystem: 'linux' | 'win32';
  /** Highest CUDA version that the driver takes, e.g. `12.4`; null where unknown. */
  readonly driverCuda: string | null;
  /** Those that CUDA_VISIBLE_DEVICES leaves visible. */
  readonly gpus: readonly Gpu[];
  /** Other vendors' devices that answered: device id of the catalogue (`xpu`, `npu`, ...), how many, and the model names that their tool gives. */
  readonly others: readonly { readonly device: string; readonly count: number; readonly models: readonly string[] }[];
  /** One line for each tool that is there but failed, with what it said. */
  readonly failures: readonly string[];
}

/** Proxies and certificates that the user's own settings name; ours to use, never the installer's. */
export interface Network {
  /** Proxy for https and http addresses, with its scheme (`http:` or `https:`) and maybe credentials, or null. */
  readonly httpsProxy: string | null;
  readonly httpProxy: string | null;
  /** Entries of NO_PROXY, as given. */
  readonly noProxy: readonly string[];
  /** CA bundle files (PEM) that exist, each once, in the order of the settings that name them. */
  readonly caFiles: readonly { readonly path: string; readonly setting: string }[];
}

/** What the machine is. */
export interface Runner {
  readonly os: 'linux' | 'darwin' | 'win32';
  /** Node's name: `x64`, `arm64`, `ia32`, ... */
  readonly arch: string;
  readonly libc: { readonly kind: 'glibc' | 'musl'; readonly version: string } | null;
  /** CPU flags of the first processor in lower case (`avx`, `avx2`, ...); null where they can't be read. */
  readonly cpuFlags: readonly string[] | null;
  /** `github-hosted` or `self-hosted` inside a job, `shell` elsewhere. */
  readonly host: 'github-hosted' | 'self-hosted' | 'shell';
  readonly accelerators: Accelerators;
  readonly network: Network;
  readonly interpreter: Interpreter;
}
