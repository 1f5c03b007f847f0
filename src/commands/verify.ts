import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { cudaDevices, findDevice } from '../catalog/devices.js';
import { defectsOf } from '../catalog/releases.js';
import { conclude, looked } from '../pipeline/conclude.js';
import type { Context, Outcome } from '../pipeline/context.js';
import { prove } from '../pipeline/prove.js';
import { answers, isNightly, readWish } from '../plan/wish.js';
import { inspectRunner } from '../runner/runner.js';
import { Failure, type Problem } from '../values/failure.js';
import type { Interpreter } from '../values/interpreter.js';
import type { Request } from '../values/request.js';
import { findCondaPaddle } from '../verify/conda.js';

/** PaddlePaddle as an environment has it. */
interface Installed {
  readonly distribution: string;
  readonly version: string;
}

/** Which PaddlePaddle an environment has, by Python's metadata or conda's: its distribution and version. Plug-ins stand beside one and are not it. Throws Failure(2) where there is none. */
async function installed({ paddle, executable, prefix }: Interpreter): Promise<Installed> {
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

/** What was asked for, and is not what is installed. Nothing asked: whatever is there will do. */
function differences(request: Request, interpreter: Interpreter, { distribution, version }: Installed): Problem[] {
  const { paddle, device } = request;
  const there = `${distribution} ${version} is installed in ${interpreter.prefix}`;
  const remedy =
    'Name the environment that is meant, leave the wish out to verify what is there, or run `setup` first.';
  const { named } = readWish(request, interpreter).wish;
  const wishes = [
    ...(paddle.kind === 'specifier' ? [{ where: paddle.origin, specifier: paddle.specifier }] : []),
    ...[named[distribution] ?? []].flat().map((specifier) => ({ where: 'requirements', specifier })),
  ];
  const unmet = wishes.find(({ specifier }) => !answers(version, specifier, true));
  const nightly = paddle.kind === 'nightly' && !isNightly(version);
  const wanted = device === 'gpu' ? cudaDevices()[0] : findDevice(device);
  const plugin = wanted?.plugin ?? null;
  const parts = plugin === null ? wanted?.distribution : `${wanted?.distribution} with ${plugin}`;
  const other =
    wanted !== undefined &&
    (wanted.distribution !== distribution || (plugin !== null && interpreter.paddle[plugin] === undefined));
  return [
    ...(unmet === undefined ? [] : [{ where: unmet.where, what: `${there}, not ${unmet.specifier}.`, remedy }]),
    ...(nightly ? [{ where: 'paddle-version', what: `${there}, which is no nightly build.`, remedy }] : []),
    ...(other ? [{ where: 'device', what: `${there}; ${device} is ${parts}.`, remedy }] : []),
  ];
}

/** Throws Failure(2) where nothing could be verified: `setup` makes an environment that is not there, and nothing else may stand in for it here. */
async function checkVenv(venv: string | null): Promise<void> {
  if (venv === null) return;
  const there = await access(join(venv, 'pyvenv.cfg')).then(
    () => true,
    () => false,
  );
  if (there) return;
  const remedy = 'Name the folder of the environment that is meant, or run `setup` first.';
  throw new Failure(2, [{ where: 'venv', what: `${venv} is no virtual environment.`, remedy }]);
}

/** Checks an environment that is there already, whoever made it, and that it is what the request asks for. */
export function verifyEnvironment(request: Request, context: Context): Promise<Outcome> {
  return conclude('verify', request, context, async (run) => {
    if (request.verify === 'off') {
      const remedy = 'Write "verify: full" or "verify: import".';
      throw new Failure(2, [{ where: 'verify', what: 'It is off, and `verify` does nothing else.', remedy }]);
    }
    await checkVenv(request.venv);
    const { runner } = await context.timeline.step('Look at the machine', () =>
      inspectRunner(request, context.environment, run.deadline.signal),
    );
    const { interpreter } = runner;
    const found = await installed(interpreter);
    const problems = differences(request, interpreter, found);
    if (problems.length > 0) throw new Failure(2, problems);
    const { distribution, version } = found;
    const own = distribution === 'paddlepaddle' ? 'cpu' : distribution.replace(/^paddlepaddle-/, '');
    const device = request.device === 'auto' ? own : request.device;
    const cuda = findDevice(device)?.cuda ?? null;
    run.story.plan = { device, cuda, distribution, version, pins: [] };
    const knownDefects = defectsOf(distribution, version).map(({ id, check, text, remedy }) => ({
      id,
      check,
      text: `PaddlePaddle ${version}: ${text}. ${remedy}`,
      asked: request.paddle.kind === 'specifier',
    }));
    const plan = { device, cuda, version, knownDefects };
    const proved = await prove(run, plan, runner, interpreter.executable, request.verify);
    return { ...looked, exitCode: proved ? 0 : 3 };
  });
}
