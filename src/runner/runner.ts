import { Failure } from '../values/failure.js';
import type { Interpreter } from '../values/interpreter.js';
import type { Notice } from '../values/log.js';
import type { Runner } from '../values/runner.js';
import { inspectAccelerators } from './accelerators.js';
import { probeInterpreter } from './interpreter.js';
import { inspectNetwork } from './network.js';
import { findOfficialIndex } from './official-index.js';
import { cpuFlags, hostKind, operatingSystem } from './platform.js';

/** The C library that wheels are chosen for is the interpreter's, whatever Node was built with. */
function libc({ glibc, musl }: Interpreter): Runner['libc'] {
  if (glibc !== null) return { kind: 'glibc', version: glibc };
  return musl === null ? null : { kind: 'musl', version: musl };
}

/** A wrong interpreter must not hide a wrong proxy: both are told at once. */
async function both<A, B>(first: Promise<A>, second: (done: A | null) => Promise<B>): Promise<[A, B]> {
  const problems: Failure[] = [];
  const collect = (error: unknown): null => {
    if (!(error instanceof Failure)) throw error;
    problems.push(error);
    return null;
  };
  const a = await first.catch(collect);
  const b = await second(a).catch(collect);
  if (a === null || b === null) {
    throw new Failure(
      2,
      problems.flatMap((failure) => failure.problems),
      { cause: problems[0] },
    );
  }
  return [a, b];
}

/**
 * What the machine is. Everything is asked at once; a probe that fails or hangs gives less, only the interpreter and the proxy settings
 * can be wrong. Throws Failure(2) with all that is, or the reason of the aborted signal.
 */
export async function inspectRunner(
  request: { readonly python: string; readonly venv: string | null },
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<{ readonly runner: Runner; readonly notices: readonly Notice[] }> {
  const os = operatingSystem(process.platform);
  const options = { environment, signal };
  const [[found, { network, notices }], accelerators, flags] = await Promise.all([
    both(probeInterpreter({ ...request, ...options }), (interpreter) =>
      inspectNetwork(environment, interpreter?.pipSettings ?? {}),
    ),
    inspectAccelerators(options),
    cpuFlags(os, options),
  ]);
  const officialIndex = found.officialIndex ?? (await findOfficialIndex(options));
  const interpreter: Interpreter = { ...found, officialIndex };
  const pipNotices = found.pipProblems.map((text) => ({
    id: `pip-configuration-${text}`,
    text: `pip's configuration file cannot be read and is left out: ${text}. pip itself stops at it; correct it.`,
  }));
  return {
    runner: {
      os,
      arch: process.arch,
      libc: libc(found),
      cpuFlags: flags,
      host: hostKind(environment),
      accelerators,
      network,
      interpreter,
    },
    notices: [...notices, ...pipNotices],
  };
}
