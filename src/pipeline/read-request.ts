import { devices } from '../catalog/devices.js';
import { mirrors } from '../catalog/mirrors.js';
import { workingFolder } from '../process/folders.js';
import { secretTexts } from '../request/index-credentials.js';
import { type ParseContext, parseRequest } from '../request/parse.js';
import { secretsOf } from '../request/secrets.js';
import { probeInterpreter } from '../runner/interpreter.js';
import { Failure, type Problem } from '../values/failure.js';
import type { Log } from '../values/log.js';
import type { Request } from '../values/request.js';

/** Distributions that are PaddlePaddle itself; plug-ins stand beside one. */
const distributions: ReadonlySet<string> = new Set(devices.map(({ distribution }) => distribution));

/** What is wrong with the interpreter, so that a wrong input beside it does not hide it. */
async function interpreterProblems(
  python: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  try {
    await probeInterpreter({ python, venv: null, environment, signal });
    return [];
  } catch (error) {
    if (error instanceof Failure) return error.problems;
    throw error;
  }
}

/**
 * Inputs → Request, with every secret in it masked at once.
 * Throws one Failure(2) that names everything that is wrong, a missing interpreter included.
 */
export async function readRequest(
  raw: Readonly<Record<string, string>>,
  { origin, onlyLooks }: Pick<ParseContext, 'origin' | 'onlyLooks'>,
  environment: NodeJS.ProcessEnv,
  log: Log,
  signal: AbortSignal,
): Promise<Request> {
  const known = {
    devices: ['auto', 'gpu', ...devices.map(({ id }) => id)],
    mirrors: mirrors.map(({ id }) => id),
    distributions,
  };
  // Also those of a line that is wrong.
  for (const secret of secretTexts(raw['index-credentials'] ?? '')) log.mask(secret);
  try {
    const request = await parseRequest(raw, { cwd: workingFolder(), environment, known, origin, onlyLooks });
    for (const secret of secretsOf(request)) log.mask(secret);
    return request;
  } catch (error) {
    const python = raw['python']?.trim() ?? '';
    if (!(error instanceof Failure) || python === '' || /\p{Cc}/u.test(python)) throw error;
    const more = await interpreterProblems(python, environment, signal);
    throw new Failure(2, [...error.problems, ...more], { cause: error });
  }
}
