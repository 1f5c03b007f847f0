import { setTimeout as sleep } from 'node:timers/promises';
import { type Engine, EngineFault } from '../values/engine.js';
import { bare } from './mirror-list.js';

/** A daemon reads its file within a moment; under load it may take some seconds, ms. */
const reloadMs = 15_000;
const pauseMs = 100;

/**
 * Has a running dockerd read its daemon.json again (SIGHUP: no container stops) and waits until it says that it uses these mirrors.
 * `patienceMs`: how long that may take. Null: it does. Else a phrase that says what it did instead.
 */
export async function reloadDocker(
  pid: number,
  engine: Engine,
  mirrors: readonly string[],
  signal: AbortSignal,
  patienceMs = reloadMs,
): Promise<string | null> {
  const wanted = mirrors.map(bare).join(' ');
  process.kill(pid, 'SIGHUP');
  let seen = 'it did not answer any more';
  for (
    const until = performance.now() + patienceMs;
    performance.now() < until;
    await sleep(pauseMs, undefined, { signal })
  ) {
    try {
      const { mirrors: used } = await engine.info(signal);
      if (used.map(bare).join(' ') === wanted) return null;
      seen = used.length === 0 ? 'it uses no mirror' : `it uses ${used.join(', ')}`;
    } catch (error) {
      if (!(error instanceof EngineFault)) throw error;
      seen = error.message;
    }
  }
  return `${seen} ${patienceMs / 1000} s after it was told to read its file again`;
}
