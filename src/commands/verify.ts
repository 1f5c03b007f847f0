import { defectsOf } from '../catalog/releases.js';
import { conclude, looked } from '../pipeline/conclude.js';
import type { Context, Outcome } from '../pipeline/context.js';
import { prove } from '../pipeline/prove.js';
import { inspectRunner } from '../runner/runner.js';
import { Failure } from '../values/failure.js';
import type { Interpreter } from '../values/interpreter.js';
import type { Request } from '../values/request.js';
import { findCondaPaddle } from '../verify/conda.js';

/** Which PaddlePaddle an environment has, by Python's metadata or conda's: its distribution and version. Plug-ins stand beside one and are not it. Throws Failure(2) where there is none. */
async function installed({
  paddle,
  executable,
  prefix,
}: Interpreter): Promise<{ readonly distribution: string; readonly version: string }> {
  const found = Object.entries(paddle).filter(([name]) => name === 'paddlepaddle' || name.startsWith('paddlepaddle-'));
  const [first] = found;
  if (first !== undefined) return { distribution: first[0], version: first[1] };
  const conda = await findCondaPaddle(prefix);
  if (conda !== null) return conda;
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
  return conclude('verify', request, context, async (run) => {
    const { runner } = await context.timeline.step('Look at the machine', () =>
      inspectRunner(request, context.environment, run.deadline.signal),
    );
    const { interpreter } = runner;
    const { distribution, version } = await installed(interpreter);
    const own = distribution === 'paddlepaddle' ? 'cpu' : distribution.replace(/^paddlepaddle-/, '');
    const device = request.device === 'auto' ? own : request.device;
    run.story.plan = { device, cuda: null, distribution, version, pins: [] };
    const knownDefects = defectsOf(distribution, version).map(({ id, check, text, remedy }) => ({
      id,
      check,
      text: `PaddlePaddle ${version}: ${text}. ${remedy}`,
      asked: request.paddle.kind === 'specifier',
    }));
    const level = request.verify === 'import' ? 'import' : 'full';
    const proved = await prove(
      run,
      { device, cuda: null, version, knownDefects },
      runner,
      interpreter.executable,
      level,
    );
    return { ...looked, exitCode: proved ? 0 : 3 };
  });
}
