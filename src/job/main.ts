import { undoAll } from '../commands/restore.js';
import { owners, wasKilled } from '../configure/journal-undo.js';
import { beginStory, type Context, type PostState, toUndo } from '../pipeline/context.js';
import { openRunJournal } from '../pipeline/journal.js';
import { readRequest } from '../pipeline/read-request.js';
import { homeFolder } from '../process/folders.js';
import { failStep, failWith, publishEnvironment, publishReport, readInputs, saveState } from '../report/action.js';
import { createActionLog } from '../report/action-log.js';
import { headline } from '../report/headline.js';
import { startTimeline } from '../report/timeline.js';
import { dropSecretInputs, inputs } from '../request/inputs.js';
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
    const raw = readInputs(inputs.map(({ name }) => name));
    dropSecretInputs(environment);
    const request = await readRequest(raw, { origin: 'input', onlyLooks: false }, environment, log, signal);
    const journal = await openRunJournal(environment, homeFolder(), request.scope);
    // Before the first change: a job that is cancelled hard still has its post.
    const begun: PostState = { undo: toUndo(journal), save: null, notSaved: null };
    saveState(begun);
    const context: Context = {
      environment,
      home: homeFolder(),
      log,
      journal,
      timeline: startTimeline(log.step),
      signal,
      version: programVersion,
      started,
    };
    // A job that was killed had no post: what it left is undone by the next one.
    const killed = (await owners(journal.folder)).filter((left) => wasKilled(left, journal.owner));
    await undoAll(journal.folder, new Set(killed.map(({ owner }) => owner.id)), log);
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
    if (!(error instanceof Failure)) return failWith(error);
    // Outputs, annotations and summary as for every other failure.
    const { problems, exitCode } = error;
    await publishReport({ ...beginStory('setup', { version: programVersion, started }), problems }, null);
    return exitCode;
  }
}
