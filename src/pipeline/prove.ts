import type { Plan } from '../values/plan.js';
import type { Request } from '../values/request.js';
import type { Runner } from '../values/runner.js';
import { verify } from '../verify/verify.js';
import { tell } from './conclude.js';
import type { Context, Story } from './context.js';
import type { Deadline } from './deadline.js';

/** Milliseconds for the whole verification: importing a GPU build from a cold disk takes tens of seconds, a hang takes for ever. */
const limitMs = 300_000;

/** What is verified. */
interface Subject {
  readonly python: string;
  readonly device: string;
  readonly cuda: string | null;
  readonly version: string | null;
  readonly knownDefects: Plan['knownDefects'];
  readonly level: 'full' | 'import';
  readonly gpu: Request['gpu'];
}

/** A build for an accelerator on a machine that has none, where the user said that this is fine: it is verified on the CPU, and that is said. */
function deviceToVerify(
  subject: Subject,
  accelerators: Runner['accelerators'],
  context: Context,
  story: Story,
): string {
  const { device } = subject;
  const wantsGpu = subject.gpu === 'optional' && /^(?:cu\d+|gpu)$/.test(device);
  if (!wantsGpu || accelerators.gpus.length > 0) return device;
  const text = `${device} was verified on the CPU alone: this machine has no NVIDIA GPU, and gpu is optional.`;
  tell(story, context, [{ id: 'not-verified-on-gpu', text }]);
  return 'cpu';
}

/** Proves the installation, writes it into the story and gives whether it passed. */
export async function prove(
  subject: Subject,
  accelerators: Runner['accelerators'],
  deadline: Deadline,
  context: Context,
  story: Story,
): Promise<boolean> {
  const verification = await context.timeline.step('Verify', () =>
    verify({
      python: subject.python,
      device: deviceToVerify(subject, accelerators, context, story),
      expect: { version: subject.version, cuda: subject.cuda },
      level: subject.level,
      environment: Object.fromEntries(
        Object.entries(context.environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
      ),
      timeoutMs: Math.min(limitMs, deadline.remainingMs()),
      signal: deadline.signal,
      knownDefects: subject.knownDefects,
    }),
  );
  story.verification = verification;
  tell(
    story,
    context,
    verification.warnings.map((text) => ({ id: text, text })),
  );
  story.problems = [
    ...story.problems,
    ...verification.findings.map(({ checks, cause, remedy, evidence }) => ({
      where: checks.length === 0 ? 'verification' : checks.join(', '),
      what: evidence === '' ? cause : `${cause} (${evidence})`,
      remedy,
    })),
  ];
  return verification.verified;
}
