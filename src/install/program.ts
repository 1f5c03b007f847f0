import { type Call, type Ran, run } from '../process/run.js';
import { Failure } from '../values/failure.js';

/** Milliseconds that an installer has to leave its environment and its cache whole. */
const graceMs = 2_000;

/**
 * Runs a program of an installation to its end; any exit status is an answer. `purpose` is what the user sees: `uv pip install`.
 * Throws Failure(1) when it can't be started or meets its limit, and the signal's reason when that is aborted.
 */
export async function runProgram(call: Omit<Call, 'graceMs'> & { readonly purpose: string }): Promise<Ran> {
  const { purpose } = call;
  const ran = await run({ ...call, graceMs });
  if (ran.startError !== null) {
    const what = `${call.file} could not be started: ${ran.startError}.`;
    throw new Failure(1, [{ where: purpose, what, remedy: 'Check that the file may be executed.' }]);
  }
  if (ran.timedOut) {
    const what = `${purpose} had not ended after ${Math.round(call.limitMs / 1000)} s and was stopped.`;
    const remedy = 'Give it more time with timeout-minutes, or look at what the last lines of the log wait for.';
    throw new Failure(1, [{ where: purpose, what, remedy }]);
  }
  return ran;
}
