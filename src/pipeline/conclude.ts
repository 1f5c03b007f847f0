import { writeFile } from 'node:fs/promises';
import type { LaterEnvironment } from '../configure/env-file.js';
import { Failure } from '../values/failure.js';
import type { Notice } from '../values/log.js';
import type { Report } from '../values/report.js';
import { beginStory, type Context, type Outcome, type PostState, type Story } from './context.js';
import type { Deadline } from './deadline.js';

/** What a command's stages hand over at their end. */
export interface Result {
  readonly exitCode: 0 | 3;
  readonly later: LaterEnvironment;
  readonly state: PostState;
}

/** Nothing for later steps and nothing to undo: a command that only looks. */
export const looked: Result = { exitCode: 0, later: { variables: {}, path: [] }, state: { journals: [], save: null } };

/** Warns once for each notice and writes it into the story. */
export function tell(story: Story, context: Context, notices: readonly Notice[]): void {
  for (const notice of notices) {
    if (story.notices.some(({ id, text }) => id === notice.id || text === notice.text)) continue;
    story.notices = [...story.notices, notice];
    context.log.warn(notice);
  }
}

async function writeReport(report: Report, file: string | null): Promise<void> {
  if (file === null) return;
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
}

/**
 * Runs a command's stages and gives the outcome with the report, also when they failed: a Failure ends in its own exit code, what was
 * changed before it stays in the state, so that post can undo it. Throws on what is a defect of ours.
 */
export async function conclude(
  command: Report['command'],
  context: Context,
  reportFile: string | null,
  deadline: Deadline,
  stages: (story: Story, state: { value: PostState }) => Promise<Result>,
): Promise<Outcome> {
  const story = beginStory(command, context);
  const state = { value: looked.state };
  const finish = async (exitCode: Outcome['exitCode'], later: LaterEnvironment): Promise<Outcome> => {
    story.outcome = exitCode === 0 ? 'done' : 'failed';
    story.steps = context.timeline.steps();
    story.totalMs = context.timeline.elapsed();
    await writeReport(story, reportFile);
    return { exitCode, report: story, later, state: state.value };
  };
  try {
    const result = await stages(story, state);
    state.value = result.state;
    return await finish(result.exitCode, result.later);
  } catch (error) {
    const doing = context.timeline.current() ?? 'starting';
    const failure = deadline.failure(doing) ?? (error instanceof Failure ? error : null);
    if (failure === null) throw error;
    story.problems = failure.problems;
    return finish(failure.exitCode, looked.later);
  }
}
