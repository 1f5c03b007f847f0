import { homedir } from 'node:os';
import { undo } from '../commands/restore.js';
import { openJournals } from '../configure/journal.js';
import type { Context } from '../pipeline/context.js';
import { readRequest } from '../pipeline/read-request.js';
import { journalFolder, journalOwner } from '../pipeline/tell-later.js';
import { failStep, publishEnvironment, publishReport, readInputs, saveState } from '../report/action.js';
import { createActionLog } from '../report/action-log.js';
import { headline } from '../report/headline.js';
import { formatDefect } from '../report/print-failure.js';
import { startTimeline } from '../report/timeline.js';
import { inputs } from '../request/inputs.js';
import { operatingSystem } from '../runner/platform.js';
import { setup } from '../setup.js';
import { Failure } from '../values/failure.js';
import { programVersion } from '../version.js';

function stopOnSignals(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => stop.abort(new Error('the job was cancelled')));
  return stop.signal;
}

/** The action's main step. Gives the exit code; nothing is thrown. */
export async function runMain(): Promise<number> {
  const log = createActionLog();
  const signal = stopOnSignals();
  const started = new Date();
  try {
    const environment = process.env;
    const request = await readRequest(readInputs(inputs.map(({ name }) => name)), 'input', environment, log, signal);
    const context: Context = {
      environment,
      home: homedir(),
      log,
      timeline: startTimeline(log.step),
      signal,
      version: programVersion,
      started,
    };
    const { runner, run } = journalOwner(environment);
    // A job that was killed had no post: what it left is undone by the next one.
    await undo(await openJournals(journalFolder(operatingSystem(process.platform), context), runner, run), log);
    const { report, exitCode, later, state } = await setup(request, context);
    log.end();
    saveState(state);
    publishEnvironment(later);
    await publishReport(report, request.reportFile);
    // Each problem is an annotation already, and the exit code fails the step.
    if (exitCode === 0) log.info(headline(report));
    else if (report.problems.length === 0) failStep(headline(report));
    return exitCode;
  } catch (error) {
    log.end();
    if (error instanceof Failure) {
      for (const problem of error.problems) failStep(`${problem.where}: ${problem.what} ${problem.remedy}`);
      return error.exitCode;
    }
    failStep(formatDefect(error));
    return 1;
  }
}
