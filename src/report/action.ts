import * as core from '@actions/core';
import { type ExitCode, Failure } from '../values/failure.js';
import type { LaterEnvironment } from '../values/later.js';
import type { Report } from '../values/report.js';
import { annotations } from './annotations.js';
import { outputs } from './outputs.js';
import { formatDefect } from './print-failure.js';
import { formatSummary } from './summary.js';

/** Inputs of the step by name, as the workflow gives them; one that is left out is empty. */
export function readInputs(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, core.getInput(name)]));
}

/** Tells the runner of a report: outputs, annotations and the job summary. `reportFile`: path of the report as JSON, or null. */
export async function publishReport(report: Report, reportFile: string | null): Promise<void> {
  for (const [name, value] of Object.entries(outputs(report, reportFile ?? ''))) core.setOutput(name, value);
  for (const { level, title, message } of annotations(report)) {
    if (level === 'error') core.error(message, { title });
    else core.warning(message, { title });
  }
  // A container or an old server has no summary file; the log says it all as well.
  if (process.env['GITHUB_STEP_SUMMARY']) await core.summary.addRaw(formatSummary(report)).write();
}

/** Hands variables and PATH to the later steps of the job. */
export function publishEnvironment(later: LaterEnvironment): void {
  for (const [name, value] of Object.entries(later.variables)) core.exportVariable(name, value);
  // addPath puts each in front of the last, so the first one comes last.
  for (const folder of [...later.path].reverse()) core.addPath(folder);
}

/** Leaves JSON for post, which reads this and no input. */
export function saveState(state: unknown): void {
  core.saveState('state', JSON.stringify(state));
}

/** What main left, or null where it never came so far. */
export function loadState(): unknown {
  const text = core.getState('state');
  return text === '' ? null : JSON.parse(text);
}

/** Marks the step as failed with one line; the annotations say more. */
export function failStep(text: string): void {
  core.setFailed(text);
}

/** Fails the step with what was thrown: each problem of a Failure in one line, a defect of ours with its stack. Gives the exit code. */
export function failWith(error: unknown): ExitCode {
  if (!(error instanceof Failure)) {
    failStep(formatDefect(error));
    return 1;
  }
  for (const { where, what, remedy } of error.problems) failStep(`${where}: ${what} ${remedy}`);
  return error.exitCode;
}
