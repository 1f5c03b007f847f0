import type { Ran } from '../process/run.js';
import type { Check, Finding, KnownDefect, Verification } from '../values/verification.js';
import type { Answer, AnsweredCheck } from './answer.js';
import { type ExpectedBuild, findBuildProblem, installedVersion } from './build.js';
import { type Diagnosis, diagnose, recognise } from './diagnose.js';
import { findOldLibraries } from './loaded.js';

/** What is wrong and the checks that show it. */
interface Trouble {
  readonly check: AnsweredCheck;
  readonly diagnosis: Diagnosis;
}

/** What was asked of the verification. */
interface Asked {
  readonly python: string;
  readonly device: string;
  readonly level: 'full' | 'import';
  readonly expect: ExpectedBuild;
  readonly knownDefects: readonly KnownDefect[];
  /** Its limit was what the whole run had left, and not its own. */
  readonly cutShort: boolean;
}

function describeEnd(run: Ran): string {
  if (run.timedOut) return `stopped after ${(run.ms / 1000).toFixed(1)} s`;
  return run.signal === null ? `ended with exit status ${run.code}` : `killed by ${run.signal}`;
}

const hang =
  'A driver or a file system that does not answer hangs like this, and so does PaddlePaddle where one of its threads gets no memory (a job with less than 2 GB).';

/** The diagnosis of a process that did not reach its end. */
function diagnoseEnd(run: Ran, { python, cutShort }: Asked): Diagnosis {
  if (run.startError !== null) {
    return {
      id: 'not-started',
      cause: `The interpreter ${python} could not be started.`,
      remedy: 'Name an interpreter that exists and may be executed.',
      evidence: run.startError,
    };
  }
  if (run.timedOut) {
    const evidence = describeEnd(run);
    return cutShort
      ? {
          ...{ id: 'timeout', evidence },
          cause: 'The verification was stopped before its end, because the time of the whole run was over.',
          remedy: `Give the run more time with a larger \`timeout-minutes\`. ${hang}`,
        }
      : {
          ...{ id: 'timeout', evidence },
          cause: 'The verification did not end within its own limit and was stopped.',
          remedy: `See what the machine was busy with. ${hang}`,
        };
  }
  return diagnose(run.output, run);
}

/**
 * What the process wrote beside the answer explains a failure only where PaddlePaddle's libraries speak of the device itself:
 * a GPU build warns of a missing cuDNN on the CPU too, where it does no harm.
 */
function diagnoseCheck(check: AnsweredCheck, output: string): Diagnosis {
  // Of a rank of the all-reduce the log is given, and how it ended is in the detail alone.
  const own = check.id === 'all-reduce' ? `${check.error ?? ''}\n${check.detail}` : (check.error ?? check.detail);
  if (check.device !== null && check.device !== 'cpu') {
    const fromOutput = recognise(check.error ?? '', null) ?? recognise(output, null);
    if (fromOutput !== null) return fromOutput;
  }
  return diagnose(own, null);
}

/** The check in which the process ended, or one of its own where it ended between two. */
function endedCheck(answer: Answer | null, run: Ran): AnsweredCheck {
  const at = answer === null ? { id: 'start', device: null } : (answer.running ?? { id: 'end', device: null });
  const finished = (answer?.checks ?? []).reduce((sum, check) => sum + check.seconds, 0);
  return {
    ...at,
    status: 'failed',
    seconds: Math.max(0, run.ms / 1000 - finished),
    detail: run.startError ?? describeEnd(run),
    difference: null,
    tolerance: null,
    error: run.output,
  };
}

/** The checks, the one of the build failed where another build was planned. */
function withBuildJudged(answer: Answer, expected: ExpectedBuild): readonly AnsweredCheck[] {
  const problem = findBuildProblem(answer, expected);
  return answer.checks.map((check) =>
    check.id === 'build' && check.status === 'passed' && problem !== null
      ? { ...check, status: 'failed', detail: problem }
      : check,
  );
}

function nameCheck(check: AnsweredCheck): string {
  return check.device === null ? check.id : `${check.id} on ${check.device}`;
}

/** One finding a cause, in the order of the checks. */
function collect(troubles: readonly Trouble[]): Finding[] {
  const byId = new Map<string, Finding>();
  for (const { check, diagnosis } of troubles) {
    // Two unknown failures need not be the same one.
    const key = diagnosis.id === 'unknown' ? `${diagnosis.id} ${diagnosis.evidence}` : diagnosis.id;
    const earlier = byId.get(key);
    byId.set(key, { ...diagnosis, ...earlier, checks: [...(earlier?.checks ?? []), nameCheck(check)] });
  }
  return [...byId.values()];
}

/** The judgement over an answer of verify.py and the way its process ended. Pure. */
export function judge(answer: Answer | null, run: Ran, asked: Asked): Verification {
  const troubles: Trouble[] = [];
  const warnings = answer === null ? [] : findOldLibraries(answer);
  const checks: Check[] = [];
  for (const answered of answer === null ? [] : withBuildJudged(answer, asked.expect)) {
    const { error: _error, ...check } = answered;
    if (check.status !== 'failed') {
      checks.push(check);
      continue;
    }
    const diagnosis = diagnoseCheck(answered, run.output);
    const defect = asked.knownDefects.find((d) => d.asked && d.check === check.id && d.id === diagnosis.id);
    if (defect === undefined) {
      troubles.push({ check: answered, diagnosis });
      checks.push(check);
    } else {
      if (!warnings.includes(defect.text)) warnings.push(defect.text);
      checks.push({ ...check, status: 'warning' });
    }
  }
  if (answer === null || !answer.complete || run.code !== 0) {
    const ended = endedCheck(answer, run);
    const { error: _error, ...check } = ended;
    troubles.push({ check: ended, diagnosis: diagnoseEnd(run, asked) });
    checks.push(check);
  }
  return {
    verified: troubles.length === 0,
    level: asked.level,
    device: asked.device,
    checks,
    findings: collect(troubles),
    warnings,
    version: answer === null ? null : installedVersion(answer),
    commit: answer?.commit ?? null,
    compiledWithCuda: answer?.compiledWithCuda ?? null,
    cuda: answer?.cuda ?? null,
    cudnn: answer?.cudnn ?? null,
    nccl: answer?.nccl ?? null,
    python: answer?.python ?? null,
    devices: answer?.devices ?? [],
    libraries: answer?.libraries ?? [],
    driver: answer?.driver ?? null,
    seconds: run.ms / 1000,
  };
}
