import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeScratch } from '../process/folders.js';
import { run } from '../process/run.js';
import type { KnownDefect, Verification } from '../values/verification.js';
import { readAnswer } from './answer.js';
import type { ExpectedBuild } from './build.js';
import { judge } from './judge.js';

/** What to verify, and how long it may take. */
export interface VerifyOptions {
  /** Path of the interpreter whose PaddlePaddle is verified. */
  readonly python: string;
  /** Device of the catalogue: `cpu`, `gpu`, `cu126`, `xpu`, `npu`, ... Every device of the kind that the machine has is verified. */
  readonly device: string;
  readonly expect: ExpectedBuild;
  /** `import`: that it is the planned build and can be imported; `full`: that it computes right, too. */
  readonly level: 'full' | 'import';
  /** The whole environment of the interpreter; PYTHON* variables beside PYTHONNOUSERSITE and PYTHONDONTWRITEBYTECODE are not obeyed. */
  readonly environment: Readonly<Record<string, string>>;
  /** Milliseconds that the whole run has left. */
  readonly remainingMs: number;
  /** The user's wish to stop. Not the run's deadline: a verification that is stopped by that is a finding. */
  readonly signal: AbortSignal;
  readonly knownDefects: readonly KnownDefect[];
}

/** Catalogue devices that PaddlePaddle calls by another name; CUDA and Hygon's builds call theirs `gpu`. */
const KINDS: Readonly<Record<string, string>> = { dcu: 'gpu', maca: 'metax_gpu', ixuca: 'iluvatar_gpu' };

/** Milliseconds for the whole verification: importing a GPU build from a cold disk takes tens of seconds, a hang takes for ever. */
const limitMs = 300_000;

/** Characters of what it printed that are searched for a cause, the last ones: a failure is told of at the end. */
const outputLimit = 64 * 1024;

function deviceKind(device: string): string {
  return /^cu\d+$/.test(device) ? 'gpu' : (KINDS[device] ?? device);
}

/**
 * Proves that an installed PaddlePaddle computes right, in a process of its own: a crash, a hang or a missing library is a finding.
 * Leaves nothing behind. Throws the signal's reason on abort, Failure without a folder for temporary files, and what is a defect of ours.
 */
export async function verify(options: VerifyOptions): Promise<Verification> {
  const { environment, expect, knownDefects, level, python, remainingMs, signal } = options;
  const device = deviceKind(options.device);
  const work = makeScratch();
  try {
    // -E and not -I: a PaddlePaddle in the user's site-packages is there in later steps, so it is here.
    const flags = [
      '-E',
      ...(environment['PYTHONNOUSERSITE'] ? ['-s'] : []),
      ...(environment['PYTHONDONTWRITEBYTECODE'] ? ['-B'] : []),
    ];
    const script = join(import.meta.dirname, 'verify.py');
    const args = [...flags, script, '--work', work, '--device', device, '--level', level];
    const ran = await run({
      file: python,
      args,
      cwd: work,
      environment,
      limitMs: Math.min(limitMs, remainingMs),
      signal,
    });
    const answer = await readAnswer(join(work, 'answer.json'));
    return judge(
      answer,
      { ...ran, output: ran.output.slice(-outputLimit) },
      { python, device, level, expect, knownDefects, cutShort: remainingMs < limitMs },
    );
  } finally {
    await rm(work, { recursive: true, force: true, maxRetries: 3 });
  }
}
