import { markProcess } from '../../src/process/mark.js';

/** What a process that was killed leaves in the lock files of this machine. */
export async function deadToken(): Promise<string> {
  // Above the highest process number that Linux gives (4,194,304).
  return JSON.stringify({ ...(await markProcess(4_194_999)), id: 'x' });
}
