import { packageEnvironment } from '../runner/clean-environment.js';
import type { Plan } from '../values/plan.js';
import type { Runner } from '../values/runner.js';
import { verify } from '../verify/verify.js';
import { tell } from './conclude.js';
import type { Run } from './context.js';

/** What is verified: the part of a plan that an installation can be held to. */
type Subject = Pick<Plan, 'device' | 'cuda' | 'version' | 'knownDefects'>;

/** A build for an accelerator on a machine that has none, where the user said that this is fine: it is verified on the CPU, and that is said. */
function deviceToVerify(run: Run, device: string, { accelerators }: Runner): string {
  const excused = run.request.gpu === 'optional' && /^(?:cu\d+|gpu)$/.test(device);
  if (!excused || accelerators.gpus.length > 0) return device;
  const text = `${device} was verified on the CPU alone: this machine has no NVIDIA GPU, and gpu is optional.`;
  tell(run, [{ id: 'not-verified-on-gpu', text }]);
  return 'cpu';
}

/** Proves the installation of a plan in an interpreter, writes it into the story and gives whether it passed. */
export async function prove(
  run: Run,
  plan: Subject,
  runner: Runner,
  python: string,
  level: 'full' | 'import',
): Promise<boolean> {
  const { context, deadline, story } = run;
  const verification = await context.timeline.step('Verify', () =>
    verify({
      python,
      device: deviceToVerify(run, plan.device, runner),
      expect: { version: plan.version, cuda: plan.cuda },
      level,
      environment: packageEnvironment(context.environment),
      remainingMs: deadline.remainingMs(),
      signal: context.signal,
      knownDefects: plan.knownDefects,
    }),
  );
  story.verification = verification;
  tell(
    run,
    verification.warnings.map((text) => ({ id: text, text })),
  );
  const problems = verification.findings.map(({ checks, cause, remedy, evidence }) => ({
    where: checks.length === 0 ? 'verification' : checks.join(', '),
    what: evidence === '' ? cause : `${cause} (${evidence})`,
    remedy,
  }));
  story.problems = [...story.problems, ...problems];
  return verification.verified;
}
