import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { runAlone } from '../process/alone.js';
import { Failure } from '../values/failure.js';

/** Milliseconds for which one waits for the others. */
const PATIENCE_MS = 60_000;

/** Runs `work` while no other process does with this folder, which is made. Throws Failure(1) where others hold it for a minute. */
export async function withLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const done = await runAlone(path.join(folder, 'lock'), PATIENCE_MS, work);
  if (done !== null) return done.value;
  const what = `Another run has held the journal for ${PATIENCE_MS / 1000} seconds.`;
  throw new Failure(1, [{ where: folder, what, remedy: 'Wait for it to end, or end it, then run this again.' }]);
}
