import path from 'node:path';
import { bringUv, type Uv } from '../install/bring-uv.js';
import { type MakeEnvironment, type UvProgram, uvProgram } from '../install/uv-program.js';
import { installerEnvironment } from '../runner/clean-environment.js';
import type { Gateway } from '../values/gateway.js';
import type { Run } from './context.js';
import type { Desk } from './desk.js';
import type { Prepared } from './prepare.js';
import type { Works } from './run-gateway.js';
import type { Stock } from './stock.js';

/** The programs of a run, each bound to its limits and its clean environment. */
export interface Programs {
  readonly uv: Uv;
  readonly environment: MakeEnvironment;
  /** uv behind a gateway, or offline. */
  runUv(gateway: Gateway | null): UvProgram;
}

/** Brings uv, which resolves and makes environments for either installer. */
export async function bringPrograms(
  run: Run,
  prepared: Prepared,
  desk: Desk,
  works: Works,
  { store }: Stock,
): Promise<Programs> {
  const { context, deadline } = run;
  const { interpreter, host } = prepared.runner;
  const uv = await context.timeline.step('Bring uv', () =>
    bringUv({
      interpreter,
      page: (project) => desk.sources.page(project),
      fetch: (file) => works.transfers.get(file).done,
      toolsFolder: store.folders.tools,
      jobToolCache: host !== 'shell',
      environment: context.environment,
      log: context.log,
      signal: deadline.signal,
    }),
  );
  const environment: MakeEnvironment = (extra) => installerEnvironment(context.environment, extra);
  return {
    uv,
    environment,
    runUv: (gateway) =>
      uvProgram({
        path: uv.path,
        environment,
        gateway,
        cacheFolder: store.folders.uv,
        cwd: path.dirname(uv.path),
        remainingMs: deadline.remainingMs,
        signal: deadline.signal,
      }),
  };
}
