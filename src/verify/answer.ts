import { readFile } from 'node:fs/promises';
import type { LoadedLibrary, VerifiedDevice } from '../values/verification.js';

/** One check as verify.py wrote it. */
export interface AnsweredCheck {
  readonly id: string;
  readonly device: string | null;
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly seconds: number;
  readonly detail: string;
  readonly difference: number | null;
  readonly tolerance: number | null;
  /** Traceback of the exception that ended it; null: it ran to its end. */
  readonly error: string | null;
}

/** What verify.py writes: replaced before and after every check, so it is whole even after a crash. */
export interface Answer {
  /** Of the code: `paddle.__version__`. */
  readonly version: string | null;
  readonly commit: string | null;
  readonly compiledWithCuda: boolean | null;
  readonly cuda: string | null;
  readonly cudnn: string | null;
  readonly nccl: string | null;
  readonly python: string;
  /** Name and version of every distribution that owns the folder `paddle/`, by its metadata folder beside it. */
  readonly distributions: readonly (readonly [name: string, version: string])[];
  readonly devices: readonly VerifiedDevice[];
  readonly libraries: readonly LoadedLibrary[];
  /** Version of the NVIDIA driver, or null. */
  readonly driver: string | null;
  readonly checks: readonly AnsweredCheck[];
  /** The check that was running when the file was last written. */
  readonly running: { readonly id: string; readonly device: string | null } | null;
  /** Every check was tried. */
  readonly complete: boolean;
}

/** The answer in a file, or null where verify.py ended before its first check. */
export async function readAnswer(path: string): Promise<Answer | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Answer;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
