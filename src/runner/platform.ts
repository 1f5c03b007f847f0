import { readFile } from 'node:fs/promises';
import { run } from '../process/run.js';
import { Failure } from '../values/failure.js';
import type { Runner } from '../values/runner.js';
import { findProgram } from './find-program.js';

/** The operating system. Throws Failure(2) on one that no wheel of PaddlePaddle is built for. */
export function operatingSystem(platform: string): Runner['os'] {
  if (platform === 'linux' || platform === 'darwin' || platform === 'win32') return platform;
  throw new Failure(2, [
    {
      where: 'machine',
      what: `There is no PaddlePaddle for the operating system ${platform}.`,
      remedy: 'Run on Linux, macOS or Windows.',
    },
  ]);
}

/** Whose machine it is, from the variables of GitHub's runner. */
export function hostKind(environment: NodeJS.ProcessEnv): Runner['host'] {
  if (environment['GITHUB_ACTIONS'] !== 'true') return 'shell';
  return environment['RUNNER_ENVIRONMENT'] === 'github-hosted' ? 'github-hosted' : 'self-hosted';
}

/** Flags of the first processor in `/proc/cpuinfo` (`flags` on x86, `Features` on Arm), in lower case; null where it has no such line. */
export function parseCpuinfo(text: string): string[] | null {
  const line = /^(?:flags|Features)[ \t]*:[ \t]*(\S.*)$/m.exec(text)?.[1];
  return line === undefined ? null : line.toLowerCase().trim().split(/\s+/);
}

/** Flags of the processor in lower case; null where the system does not tell (Windows, macOS on Arm). */
export async function cpuFlags(
  os: Runner['os'],
  options: { readonly environment: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<readonly string[] | null> {
  if (os === 'linux') return parseCpuinfo(await readFile('/proc/cpuinfo', 'utf8').catch(() => ''));
  const sysctl = os === 'darwin' ? await findProgram('sysctl', options.environment) : null;
  if (sysctl === null) return null;
  const names = ['machdep.cpu.features', 'machdep.cpu.leaf7_features'];
  const answer = await run({ ...options, file: sysctl, args: ['-n', ...names], limitMs: 5_000 });
  const flags = answer.stdout.toLowerCase().split(/\s+/).filter(Boolean);
  // macOS writes AVX1.0 where Linux writes avx.
  return flags.length === 0 ? null : flags.map((flag) => (flag === 'avx1.0' ? 'avx' : flag));
}
