import { writeFile } from 'node:fs/promises';
import { Failure, type Problem } from '../values/failure.js';
import type { LaterEnvironment } from '../values/later.js';
import type { Notice } from '../values/log.js';
import type { Report } from '../values/report.js';
import type { Request } from '../values/request.js';
import { errorCode } from '../values/system-error.js';
import { beginStory, type Context, type Outcome, type Run, toUndo } from './context.js';
import { startDeadline } from './deadline.js';

/** What a command's stages hand over at their end. */
export interface Result {
  readonly exitCode: 0 | 3;
  readonly later: LaterEnvironment;
}

/** Nothing for later steps: a command that only looks, or failed. */
export const looked: Result = { exitCode: 0, later: { variables: {}, path: [] } };

/** The part of a run that takes notices. */
export interface Told {
  readonly story: Pick<Run['story'], 'notices'>;
  readonly context: Pick<Context, 'log'>;
}

/** Warns once for each notice and writes it into the story. */
export function tell({ story, context }: Told, notices: readonly Notice[]): void {
  for (const notice of notices) {
    if (story.notices.some(({ id, text }) => id === notice.id || text === notice.text)) continue;
    story.notices = [...story.notices, notice];
    context.log.warn(notice);
  }
}

/** Writes the report as JSON; gives what kept the system from it: that is one more problem of the run, and hides none. */
async function writeReport(file: string, report: Report): Promise<Problem | null> {
  try {
    await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
    return null;
  } catch (error) {
    const code = errorCode(error);
    if (code === null) throw error;
    const what = `The report could not be written to ${file} (${code}).`;
    return { where: 'report', what, remedy: 'Make room there, or name another file.' };
  }
}

/**
 * Runs a command's stages and gives the outcome with the report, also when they failed: a Failure ends in its own exit code, what was
 * changed before it stays in the state, so that post can undo it. Throws on what is a defect of ours.
 */
export async function conclude(
  command: Report['command'],
  request: Request,
  context: Context,
  stages: (run: Run) => Promise<Result>,
): Promise<Outcome> {
  const deadline = startDeadline(request.timeoutMs, context.signal);
  const run: Run = {
    request,
    context,
    deadline,
    story: beginStory(command, context),
    state: { undo: toUndo(context.journal), save: null, notSaved: null },
  };
  const { story } = run;
  const finish = async (exitCode: Outcome['exitCode'], later: LaterEnvironment): Promise<Outcome> => {
    story.outcome = exitCode === 0 ? 'done' : 'failed';
    story.steps = context.timeline.steps();
    story.totalMs = context.timeline.elapsed();
    const problem = request.reportFile === null ? null : await writeReport(request.reportFile, story);
    if (problem === null) return { exitCode, report: story, later, state: run.state };
    story.outcome = 'failed';
    story.problems = [...story.problems, problem];
    return { exitCode: exitCode === 0 ? 1 : exitCode, report: story, later, state: run.state };
  };
  try {
    const { exitCode, later } = await stages(run);
    return await finish(exitCode, later);
  } catch (error) {
    const failure =
      deadline.failure(context.timeline.current() ?? 'starting') ?? (error instanceof Failure ? error : null);
    if (failure === null) throw error;
    story.problems = [...story.problems, ...failure.problems];
    return finish(failure.exitCode, looked.later);
  }
}
