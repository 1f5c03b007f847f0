import type { Notice } from './log.js';
import type { KnownDefect } from './verification.js';

/**
 * Where a project may come from: the Python index and its mirrors (`{ kind: 'python' }`), or one folder of PaddlePaddle's index.
 * The order is the order of trust; files of later origins are added where the earlier ones lack them.
 */
export type Origin =
  | { readonly kind: 'python' }
  | { readonly kind: 'paddle'; readonly channel: 'stable' | 'nightly'; readonly folder: string };

/** One build that would do, before any index was asked. */
export interface Candidate {
  /** `cpu`, `cu126`, `xpu`, ... */
  readonly device: string;
  /** `12.6`, or null for a build without CUDA. */
  readonly cuda: string | null;
  /** Distribution that carries PaddlePaddle itself: `paddlepaddle`, `paddlepaddle-gpu`, `paddlepaddle-xpu`, ... */
  readonly distribution: string;
  /** Companion plug-in (`paddle-custom-npu`) or null. */
  readonly plugin: string | null;
  /** Origins of the distribution and of the plug-in, by normalised name. */
  readonly origins: Readonly<Record<string, readonly Origin[]>>;
  /** PEP 440 specifier of the release (of the plug-in, where there is one): the wish and the catalogue's limits together, '' for any. */
  readonly specifier: string;
  /** CUDA number at the end of this build's versions (`112` of `2.6.2.post112`); the specifier holds with or without it. Null: plain versions. */
  readonly post: string | null;
  /** Versions of the distribution with a known defect: taken only where the specifier leaves no other. */
  readonly avoid: readonly string[];
  /** Version of the distribution that a plug-in's version needs, where it is not the same. */
  readonly companions: Readonly<Record<string, string>>;
  /** Of a plug-in's pair: what requirements ask of each of the two by its own name, PEP 440 specifiers; null without a plug-in. */
  readonly pair: { readonly distribution: string; readonly plugin: string } | null;
}

/** The part of the plan that needs no index: it feeds the cache key. */
export interface Draft {
  /** In order of preference; never empty. */
  readonly candidates: readonly Candidate[];
  /** Why each candidate would be taken, by device: one sentence without its full stop. */
  readonly reasons: Readonly<Record<string, string>>;
  /** What files have to be built for, in the catalogue's words: `linux-x64`. */
  readonly platform: string;
  readonly channel: 'stable' | 'nightly';
  /** The versions that the user named, a PEP 440 specifier; '' where none was: then a release with a known defect was never asked for. */
  readonly wish: string;
  readonly notices: readonly Notice[];
}

/** Pure function of Request, Runner, Listing and the catalogue. */
export interface Plan {
  readonly device: string;
  /** Why this device, one sentence without its full stop. */
  readonly why: string;
  readonly cuda: string | null;
  /** What the build asks of driver and system, and what it brings; null where the catalogue does not tell. */
  readonly build: {
    /** Oldest NVIDIA driver, as people read it: `550.54.14`, or `a driver for CUDA 12.9`. */
    readonly driver: string | null;
    readonly cudnn: string | null;
    readonly nccl: string | null;
    readonly tensorrt: string | null;
    readonly source: string;
  } | null;
  readonly channel: 'stable' | 'nightly';
  /** Exact packages of PaddlePaddle: distribution and plug-in, with versions; then what the release needs undeclared (`setuptools`). */
  readonly pins: readonly { readonly name: string; readonly specifier: string; readonly reason: string }[];
  readonly distribution: string;
  readonly version: string;
  /** Where projects may come from: by normalised name; every other project: the Python index. */
  readonly origins: Readonly<Record<string, readonly Origin[]>>;
  readonly knownDefects: readonly KnownDefect[];
  readonly notices: readonly Notice[];
}
