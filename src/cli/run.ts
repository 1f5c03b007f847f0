import { listCache, pruneCache, verifyCache } from '../commands/cache.js';
import { plan } from '../commands/plan.js';
import { probeSources } from '../commands/probe.js';
import { restore } from '../commands/restore.js';
import { verifyEnvironment } from '../commands/verify.js';
import { formatEnvironment } from '../configure/env-file.js';
import { beginStory, type Context, type Outcome } from '../pipeline/context.js';
import { openRunJournal } from '../pipeline/journal.js';
import { readRequest } from '../pipeline/read-request.js';
import { homeFolder } from '../process/folders.js';
import { formatCache } from '../report/print-cache.js';
import { formatDefect, formatProblems } from '../report/print-failure.js';
import { formatPlan } from '../report/print-plan.js';
import { formatReport } from '../report/print-report.js';
import { formatProbes } from '../report/print-sources.js';
import { createTerminalLog } from '../report/terminal-log.js';
import { startTimeline } from '../report/timeline.js';
import { inputs, secretVariable } from '../request/inputs.js';
import { readMachine } from '../runner/machine-words.js';
import { setup } from '../setup.js';
import { Failure } from '../values/failure.js';
import type { LaterEnvironment } from '../values/later.js';
import type { Report } from '../values/report.js';
import { errorCode } from '../values/system-error.js';
import { programVersion } from '../version.js';
import { type Command, parseArguments } from './arguments.js';
import { formatHelp } from './help.js';
import { spellAsFlags, spellTextAsFlags } from './spell.js';
import { usedInputs } from './used-inputs.js';

const runs: Readonly<Record<Exclude<Command, 'plan'>, typeof setup>> = {
  setup,
  probe: probeSources,
  verify: verifyEnvironment,
  restore,
  'cache ls': listCache,
  'cache verify': verifyCache,
  'cache prune': pruneCache,
};

/** What a job's later steps would get; a shell has to take it over by itself. */
function formatLater(later: LaterEnvironment, envFile: string | null): string {
  const lines = formatEnvironment(later, 'shell', '');
  if (envFile !== null || lines.length === 0) return '';
  return ['', 'For what comes next in this shell (`environment-file` writes it to a file):', ...lines, ''].join('\n');
}

function formatOutcome(report: Report): string {
  if (report.command === 'plan') return formatPlan(report);
  if (report.command === 'probe') return formatProbes(report.probes);
  if (report.command === 'restore') return '';
  if (report.command.startsWith('cache ')) return formatCache(report);
  return formatReport(report);
}

/** Secret inputs, which stand in variables; they are taken out, so that no child inherits them. */
function takeSecrets(environment: NodeJS.ProcessEnv): Record<string, string> {
  const taken: Record<string, string> = {};
  for (const { name } of inputs.filter(({ secret }) => secret)) {
    const variable = secretVariable(name);
    taken[name] = environment[variable] ?? '';
    delete environment[variable];
  }
  return taken;
}

/** Stops at the first SIGINT or SIGTERM; a second one ends the process as the system does. */
function stopOnSignals(): AbortSignal {
  const stop = new AbortController();
  const abort = () => stop.abort(new Error('stopped by a signal'));
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, abort);
  return stop.signal;
}

/** Who reads may leave early (`| head`), or have no room: what is under way goes on, and the exit code still tells. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error) => {
      if (errorCode(error) === 'EPIPE') return;
      if (stream === process.stdout)
        process.stderr.write(`error: standard output can't be written: ${error.message}\n`);
      process.once('exit', () => {
        process.exitCode ||= 1;
      });
    });
}

/**
 * Runs the CLI: what is asked for goes to standard output, everything else to standard error. Gives the exit code and never throws:
 * a Failure is printed without a stack, a defect of ours with one (exit code 1).
 */
export async function runCli(argv: readonly string[]): Promise<number> {
  outliveReaders();
  const started = new Date();
  let log = createTerminalLog(process.stderr, process.env['RUNNER_DEBUG'] === '1');
  let asked: Report['command'] | null = null;
  try {
    const given = parseArguments(argv);
    if (given.command === 'version') process.stdout.write(`${programVersion}\n`);
    if (given.command === 'help') process.stdout.write(formatHelp());
    if (given.command === 'version' || given.command === 'help') return 0;
    if (given.json) asked = given.command;
    log = createTerminalLog(process.stderr, given.debug || process.env['RUNNER_DEBUG'] === '1');
    const signal = stopOnSignals();
    const machine = given.as === null ? null : readMachine(given.as);
    const raw = usedInputs(given.command, { ...given.raw, ...takeSecrets(process.env) });
    const asking = { origin: 'flag', onlyLooks: given.command.startsWith('cache ') } as const;
    const request = await readRequest(raw, asking, process.env, log, signal);
    const context: Context = {
      environment: process.env,
      home: homeFolder(),
      journal: await openRunJournal(process.env, homeFolder(), request.scope),
      log: { ...log, warn: ({ id, text }) => log.warn({ id, text: spellTextAsFlags(text) }) },
      timeline: startTimeline(log.step),
      signal,
      version: programVersion,
      started,
    };
    const outcome: Outcome = await (given.command === 'plan'
      ? plan(request, context, machine)
      : runs[given.command](request, context));
    log.end();
    const { report, exitCode } = outcome;
    if (report.problems.length > 0)
      process.stderr.write(`${log.hide(formatProblems(report.problems.map(spellAsFlags)))}\n`);
    if (given.json) process.stdout.write(`${log.hide(JSON.stringify(report, null, 2))}\n`);
    else if (report.outcome === 'done' || report.verification !== null || report.probes.length > 0)
      process.stdout.write(log.hide(formatOutcome(report) + formatLater(outcome.later, request.envFile)));
    return exitCode;
  } catch (error) {
    log.end();
    if (error instanceof Failure) {
      const { problems, exitCode } = error;
      process.stderr.write(`${log.hide(formatProblems(problems.map(spellAsFlags)))}\n`);
      if (asked !== null) {
        const report = { ...beginStory(asked, { version: programVersion, started }), problems };
        process.stdout.write(`${log.hide(JSON.stringify(report, null, 2))}\n`);
      }
      return exitCode;
    }
    process.stderr.write(`${log.hide(formatDefect(error))}\n`);
    return 1;
  }
}
