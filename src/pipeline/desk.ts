import { mirrors } from '../catalog/mirrors.js';
import { paddleIndex } from '../catalog/paddle-index.js';
import { givenLogin } from '../images/login.js';
import { createClient } from '../net/client.js';
import { withCredentials } from '../sources/credentials.js';
import { readNetrc } from '../sources/netrc.js';
import { type OpenSources, openSources } from '../sources/open.js';
import { roster } from '../sources/roster.js';
import type { HttpClient } from '../values/http.js';
import type { Runner } from '../values/runner.js';
import type { Source } from '../values/source.js';
import { tell } from './conclude.js';
import type { Run } from './context.js';

/** The network of one run: nothing is asked before somebody needs it. */
export interface Desk {
  readonly client: HttpClient;
  readonly roster: readonly Source[];
  readonly sources: OpenSources;
  /** Ends what is still being asked and measured, then the connections. */
  close(): Promise<void>;
}

/** What takes part, each with the credentials of its own origin, which are masked. A keyring is left alone: it may ask somebody. */
async function credited(run: Run, sources: readonly Source[]): Promise<readonly Source[]> {
  const { request, context } = run;
  const netrc = await readNetrc(context.environment, context.home);
  const found = withCredentials(sources, request.indexCredentials, netrc);
  for (const { credentials } of found.sources) if (credentials !== null) context.log.mask(credentials.password);
  const registries = request.dockerImages.flatMap((wish) => wish.sources.map(({ registry }) => registry));
  const isRegistry = (origin: string): boolean => {
    const line = request.indexCredentials.filter((one) => one.origin === origin);
    return registries.some((registry) => givenLogin(registry, line) !== null);
  };
  const idle = found.unused.filter((origin) => !isRegistry(origin));
  const unused = idle.map((origin) => ({
    id: `unused-credentials-${origin}`,
    text: `index-credentials has a line for ${origin}, but no index and no registry of this run is there. Write that index into \`mirrors\` or the requirements, that registry into \`docker-images\`.`,
  }));
  tell(run, unused);
  return found.sources;
}

/** Opens the sources that take part in a request. `kept`: the ranking of an earlier run. Throws Failure(2) for addresses that are none. */
export async function openDesk(run: Run, runner: Runner, kept: unknown): Promise<Desk> {
  const { request, context, deadline } = run;
  const client = createClient({ network: runner.network, version: context.version, log: context.log });
  const named = roster({ request, interpreter: runner.interpreter, mirrors, paddleIndex, log: context.log });
  const taking = await credited(run, named);
  const exclusive = request.mirrors !== 'auto';
  const over = new AbortController();
  const signal = AbortSignal.any([deadline.signal, over.signal]);
  return {
    client,
    roster: taking,
    sources: openSources({ roster: taking, exclusive, client, log: context.log, signal, kept }),
    async close() {
      // A measurement that finds its connections closed would take that for the sources' fault.
      over.abort(new Error('the run is over'));
      await client.close();
    },
  };
}
