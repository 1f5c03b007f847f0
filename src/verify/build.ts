import { satisfies } from '../packaging/version.js';
import type { Answer } from './answer.js';

/** What must be installed; null: whatever is. */
export interface ExpectedBuild {
  /** A version as the package metadata state it (PEP 440); a local part counts only where it is given. */
  readonly version: string | null;
  /** CUDA version, as far as it is given: `12` takes `12.6`. */
  readonly cuda: string | null;
}

function release(version: string): string | null {
  return /^\d+\.\d+(?:\.\d+)?/.exec(version)?.[0] ?? null;
}

/**
 * Version of the distribution that owns the folder `paddle/`, or of the code where none is recorded there. They differ in form:
 * a distribution `2.6.2.post120` holds code that calls itself `2.6.2`.
 */
export function installedVersion(answer: Answer): string | null {
  return answer.distributions[0]?.[1] ?? answer.version;
}

/** What is wrong with the build that was imported, or null. */
export function findBuildProblem(answer: Answer, expected: ExpectedBuild): string | null {
  const { distributions, version: code, cuda } = answer;
  if (distributions.length > 1) {
    const names = distributions.map(([name, version]) => `${name} ${version}`).join(' and ');
    return `${names} are installed over one another: both own the folder paddle/`;
  }
  const version = installedVersion(answer);
  if (code === null || version === null) return null;
  // Nightly builds of the develop branch call themselves 0.0.0.
  if (!['0.0.0', release(version)].includes(release(code))) {
    return `the package metadata say ${version}, the code says ${code}`;
  }
  if (expected.version !== null && !satisfies(version, `==${expected.version}`, { prereleases: true })) {
    return `version ${version} is installed, ${expected.version} was planned`;
  }
  const wanted = expected.cuda?.split('.') ?? [];
  const built = cuda?.split('.') ?? [];
  return wanted.every((part, i) => part === built[i])
    ? null
    : `the build is made for CUDA ${cuda ?? '(none)'}, ${expected.cuda} was planned`;
}
