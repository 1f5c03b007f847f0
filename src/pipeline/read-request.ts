import { devices } from '../catalog/devices.js';
import { mirrors } from '../catalog/mirrors.js';
import { parseRequest } from '../request/parse.js';
import { secretsOf } from '../request/secrets.js';
import type { Log } from '../values/log.js';
import type { Request } from '../values/request.js';

/** Distributions that are PaddlePaddle itself; plug-ins stand beside one. */
const distributions: ReadonlySet<string> = new Set(devices.map(({ distribution }) => distribution));

/**
 * Inputs → Request, with every secret in it masked at once. `environment` is handed on for the stages.
 * Throws one Failure(2) that names everything that is wrong.
 */
export async function readRequest(
  raw: Readonly<Record<string, string>>,
  origin: 'input' | 'flag',
  environment: NodeJS.ProcessEnv,
  log: Log,
): Promise<{ readonly request: Request; readonly environment: NodeJS.ProcessEnv }> {
  const known = {
    devices: ['auto', 'gpu', ...devices.map(({ id }) => id)],
    mirrors: mirrors.map(({ id }) => id),
    distributions,
  };
  const request = await parseRequest(raw, { cwd: process.cwd(), environment, known, origin });
  for (const secret of secretsOf(request)) log.mask(secret);
  return { request, environment };
}
