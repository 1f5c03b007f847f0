import { defectsOf } from '../catalog/releases.js';
import { conclude, looked } from '../pipeline/conclude.js';
import type { Context, Outcome, Story } from '../pipeline/context.js';
import { startDeadline } from '../pipeline/deadline.js';
import { prove } from '../pipeline/prove.js';
import { inspectRunner } from '../runner/runner.js';
import { Failure } from '../values/failure.js';
import type { Interpreter } from '../values/interpreter.js';
import type { Request } from '../values/request.js';

/** Which PaddlePaddle an environment has: its distribution and version. Plug-ins stand beside one and are not it. Throws Failure(2) where there is none. */
function installed({ paddle, executable }: Interpreter): { readonly distribution: string; readonly version: string } {
  const found = Object.entries(paddle).filter(([name]) => name === 'paddlepaddle' || name.startsWith('paddlepaddle-'));
  const [first] = found;
  if (first !== undefined) return { distribution: first[0], version: first[1] };
  const what = `There is no PaddlePaddle in ${executable}.`;
  throw new Failure(2, [
    {
      where: 'python',
      what,
      remedy: 'Name the environment with `venv` or its interpreter with `python`, or run `setup` first.',
    },
  ]);
}

/** Checks an environment that is there already, whoever made it. */
export function verifyEnvironment(request: Request, context: Context): Promise<Outcome> {
  const deadline = startDeadline(request.timeoutMs, context.signal);
  return conclude('verify', context, request.reportFile, deadline, async (story: Story) => {
    const { runner } = await context.timeline.step('Look at the machine', () =>
      inspectRunner(request, context.environment, deadline.signal),
    );
    const { interpreter, accelerators } = runner;
    const { distribution, version } = installed(interpreter);
    const device =
      request.device === 'auto'
        ? distribution === 'paddlepaddle'
          ? 'cpu'
          : distribution.replace(/^paddlepaddle-/, '')
        : request.device;
    story.plan = { device, cuda: null, distribution, version, pins: [] };
    story.install = {
      installer: request.installer,
      installerVersion: '',
      python: interpreter.executable,
      venv: request.venv,
      attempts: 0,
    };
    const knownDefects = defectsOf(distribution, version).map(({ id, check, text }) => ({
      id,
      check,
      text,
      asked: request.paddle.kind === 'specifier',
    }));
    const level = request.verify === 'import' ? 'import' : 'full';
    const subject = {
      python: interpreter.executable,
      device,
      cuda: null,
      version,
      knownDefects,
      level,
      gpu: request.gpu,
    } as const;
    const verified = await prove(subject, accelerators, deadline, context, story);
    return { ...looked, exitCode: verified ? 0 : 3 };
  });
}
