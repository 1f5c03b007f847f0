/** One thing that was tried on the installed PaddlePaddle. */
export interface Check {
  /** Stable name: `import`, `build`, `device`, `arithmetic-fp32`, `training`, `eager-cnn`, `inference-interpolate-onednn`, `all-reduce`, ... */
  readonly id: string;
  /** Device as PaddlePaddle calls it (`cpu`, `gpu:0`); null for a check of the installation as a whole. */
  readonly device: string | null;
  /** `warning`: it failed by a known defect of a release that was asked for by version. */
  readonly status: 'passed' | 'failed' | 'skipped' | 'warning';
  readonly seconds: number;
  /** What was seen, or why it was skipped. One line. */
  readonly detail: string;
  /** Largest difference of all elements from the right answer, and the largest allowed; null where nothing was compared. */
  readonly difference: number | null;
  readonly tolerance: number | null;
}

/** What went wrong and what to do. Checks that failed for one cause share a finding. */
export interface Finding {
  /** Stable name: an id of the table of failures, or `unknown`, `timeout`, `not-started`. */
  readonly id: string;
  /** Ids of the checks, with the device where there is one: `eager-cnn on gpu:0`. */
  readonly checks: readonly string[];
  readonly cause: string;
  readonly remedy: string;
  /** The lines that it was recognised by, or the last ones that the interpreter wrote. */
  readonly evidence: string;
}

/** One device that was found, as PaddlePaddle describes it. */
export interface VerifiedDevice {
  readonly id: string;
  readonly name: string | null;
  readonly memoryBytes: number | null;
  /** Compute capability such as `8.9`, or null. */
  readonly capability: string | null;
}

/** A library that the verification had in memory: what computed, not what PaddlePaddle was compiled with. */
export interface LoadedLibrary {
  /** `CUDA runtime`, `CUDA driver`, `cuBLAS`, `cuDNN`, `NCCL` or `oneDNN`. */
  readonly name: string;
  /** As the library itself states it; null where it states none. */
  readonly version: string | null;
  readonly path: string;
}

/** A defect of a release that the catalogue knows. */
export interface KnownDefect {
  /** Id of the failure that shows it (an id of the table of failures), so that another failure of the same check is no excuse. */
  readonly id: string;
  /** Id of the check that fails. */
  readonly check: string;
  /** The user asked for this release by version: the failure is a warning. */
  readonly asked: boolean;
  /** What is broken and what to do, in a sentence or two. */
  readonly text: string;
}

/** What was proved about an installed PaddlePaddle. */
export interface Verification {
  /** No finding: every check of the level passed, was skipped for a stated reason, or failed by a known defect that was asked for. */
  readonly verified: boolean;
  readonly level: 'full' | 'import';
  /** Kind of device as PaddlePaddle calls it: `cpu`, `gpu`, `xpu`, `npu`, ... */
  readonly device: string;
  readonly checks: readonly Check[];
  readonly findings: readonly Finding[];
  /** Known defects that were met and asked for, and libraries older than the build wants: one sentence or two each. */
  readonly warnings: readonly string[];
  /** Version, commit and libraries as the build states them; null: not stated, or it could not be imported. */
  readonly version: string | null;
  readonly commit: string | null;
  readonly compiledWithCuda: boolean | null;
  readonly cuda: string | null;
  readonly cudnn: string | null;
  readonly nccl: string | null;
  /** Version of the interpreter that ran it, or null where it never started. */
  readonly python: string | null;
  readonly devices: readonly VerifiedDevice[];
  /** As loaded, on Linux; elsewhere the system does not tell. Empty at level `import`. */
  readonly libraries: readonly LoadedLibrary[];
  /** Version of the NVIDIA driver as its own library states it, or null. */
  readonly driver: string | null;
  /** From start to end of the interpreter. */
  readonly seconds: number;
}
