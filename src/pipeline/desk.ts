import { mirrors } from '../catalog/mirrors.js';
import { paddleIndex } from '../catalog/paddle-index.js';
import { createClient } from '../net/client.js';
import { type OpenSources, openSources } from '../sources/open.js';
import { roster } from '../sources/roster.js';
import type { HttpClient } from '../values/http.js';
import type { Runner } from '../values/runner.js';
import type { Source } from '../values/source.js';
import type { Run } from './context.js';

/** The network of one run: nothing is asked before somebody needs it. */
export interface Desk {
  readonly client: HttpClient;
  readonly roster: readonly Source[];
  readonly sources: OpenSources;
}

/** Opens the sources that take part in a request. `kept`: the ranking of an earlier run. Throws Failure(2) for addresses that are none. */
export function openDesk({ request, context, deadline }: Run, runner: Runner, kept: unknown): Desk {
  const client = createClient({ network: runner.network, version: context.version, log: context.log });
  const taking = roster({ request, interpreter: runner.interpreter, mirrors, paddleIndex, log: context.log });
  const exclusive = request.mirrors !== 'auto';
  return {
    client,
    roster: taking,
    sources: openSources({ roster: taking, exclusive, client, log: context.log, signal: deadline.signal, kept }),
  };
}
