import type { Ran } from '../process/run.js';
import { Failure, type Problem } from '../values/failure.js';

/** As much of an installer's end as tells why. */
type Said = Pick<Ran, 'code' | 'stdout' | 'stderr'>;

interface Cause {
  readonly sign: RegExp;
  readonly what: string;
  readonly remedy: string;
}

/** Texts of uv 0.8 to 0.13 and pip 23 to 26, and of the operating systems under them. */
const causes: readonly Cause[] = [
  {
    sign: /No space left on device|os error 28|not enough space on the disk|Errno 28/i,
    what: 'The disk is full.',
    remedy: 'Make room, or put the environment (venv) or the cache (cache-path) on a larger disk.',
  },
  {
    sign: /Hash mismatch|DO NOT MATCH THE HASHES|Expected sha256/i,
    what: 'A file does not have the hash of the lock.',
    remedy: 'The file or the lock was changed: delete the lock and the cached file, and run again.',
  },
  {
    sign: /Permission denied|os error 13|Access is denied|Errno 13|Read-only file system/i,
    what: 'The environment may not be written by this user.',
    remedy: 'Install into an environment of your own with venv, or run as the user who owns this one.',
  },
  {
    sign: /No module named '?pip\b/i,
    what: 'This Python has no pip.',
    remedy: 'Leave installer at uv, which needs none, or put pip in with `python -m ensurepip`.',
  },
  {
    sign: /Failed to build|failed building wheel|Build backend failed|subprocess-exited-with-error/i,
    what: 'A source distribution could not be built.',
    remedy: 'Install its build tools (a C compiler, the Python headers), or ask for a version that has a wheel.',
  },
  {
    sign: /requires a different Python|is not compatible with the current Python|not a supported wheel/i,
    what: 'A file of the lock is not for this interpreter.',
    remedy: 'Make the lock again with this interpreter, or choose the one that it was made for with python.',
  },
];

/** The last lines that say something. */
function lastLines(ran: Said): string {
  const lines = `${ran.stdout}\n${ran.stderr}`.split(/[\r\n]+/).map((line) => line.trim());
  const said = lines.filter((line) => line !== '' && !/^\[?notice|^WARNING: Running pip as the 'root'/.test(line));
  return said.slice(-8).join('\n');
}

/** An installer's end in plain words: the cause that its text shows, with its last lines; exit code 1. */
export function installerFailure(purpose: string, ran: Said): Failure {
  const said = lastLines(ran);
  const cause = causes.find(({ sign }) => sign.test(`${ran.stdout}\n${ran.stderr}`));
  const problem: Problem = {
    where: purpose,
    what: `${cause?.what ?? `It ended with exit status ${ran.code ?? 'of a signal'}.`} It said:\n${said}`,
    remedy: cause?.remedy ?? 'The lines above say why; run it again with debugging on to see all of them.',
  };
  return new Failure(1, [problem]);
}
