import { setTimeout as sleep } from 'node:timers/promises';
import { type Engine, EngineFault } from '../values/engine.js';
import { errorCode } from '../values/system-error.js';
import { bare } from './mirror-list.js';

/** A daemon reads its file within a moment; under load it may take some seconds, ms. */
const reloadMs = 15_000;
const pauseMs = 100;

/** What a daemon did instead, and what helps. */
interface Complaint {
  readonly what: string;
  readonly remedy: string;
}

/** Sends a signal, 0 to ask only; false: the process is not there any more. */
function reaches(pid: number, signal: 'SIGHUP' | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
    return false;
  }
}

/**
 * Has a running dockerd read its daemon.json again (SIGHUP: no container stops) and waits until it says that it uses these mirrors.
 * `patienceMs`: how long that may take. Null: it does.
 */
export async function reloadDocker(
  pid: number,
  engine: Engine,
  mirrors: readonly string[],
  signal: AbortSignal,
  patienceMs = reloadMs,
): Promise<Complaint | null> {
  const wanted = mirrors.map(bare).join(' ');
  let seen = 'it did not answer any more';
  for (
    let isThere = reaches(pid, 'SIGHUP'), until = performance.now() + patienceMs;
    performance.now() < until;
    isThere = reaches(pid, 0)
  ) {
    if (!isThere)
      return {
        what: 'it ended when it was told to read its file again',
        remedy: 'Start it again (`systemctl start docker`); its log says why it ended (`journalctl -u docker`).',
      };
    try {
      const { mirrors: used } = await engine.info(signal);
      if (used.map(bare).join(' ') === wanted) return null;
      seen = used.length === 0 ? 'it uses no mirror' : `it uses ${used.join(', ')}`;
    } catch (error) {
      if (!(error instanceof EngineFault)) throw error;
      seen = error.message;
    }
    await sleep(pauseMs, undefined, { signal });
  }
  return {
    what: `${seen} ${patienceMs / 1000} s after it was told to read its file again`,
    remedy: 'Its log says why (`journalctl -u docker`): a setting in that file may be unknown to it.',
  };
}
