import { type LoopbackGateway, openGateway } from '../gateway/server.js';
import { lockPage } from '../lock/lock-page.js';
import { gatewayName } from '../plan/gateway-name.js';
import { morePlaces } from '../sources/more-places.js';
import { bucketSource } from '../store/s3/share.js';
import { openTransfers } from '../transfer/transfers.js';
import type { Lock } from '../values/lock.js';
import type { Plan } from '../values/plan.js';
import type { Request } from '../values/request.js';
import type { Source } from '../values/source.js';
import type { Store } from '../values/store.js';
import type { Transfers } from '../values/transfers.js';
import type { Bucket } from './bucket.js';
import type { Context } from './context.js';
import type { Desk } from './desk.js';

/** The gateway of a run with what lies behind it; the gateway itself is opened when it is first needed. */
export interface Works {
  readonly transfers: Transfers;
  /** Invented address of the index, `http://....invalid`. */
  readonly origin: string;
  open(): Promise<LoopbackGateway>;
  /** The gateway, if it was opened. */
  opened(): LoopbackGateway | null;
  /** From now on these files are all that pages of locked projects list. */
  lockTo(lock: Lock): void;
  close(): Promise<void>;
}

/** Addresses that change what the pages hold: the user's own choice of sources. The machine's default is told apart from a list, since a list is exclusive. */
function chosenAddresses(request: Request, roster: readonly Source[]): string[] {
  const listed = (source: Source): boolean =>
    source.kind === 'private' ||
    source.kind === 'find-links' ||
    (source.kind === 'python' && request.mirrors !== 'auto');
  const copies = request.paddleIndexes.map(({ url }) => url);
  return [...roster.filter(listed).map(({ kind, url }) => `${kind} ${url}`), ...copies];
}

/** Prepares transfers and gateway for a plan. */
export function prepareWorks(
  plan: Plan,
  request: Request,
  desk: Desk,
  bucket: Bucket | null,
  store: Store,
  context: Context,
  signal: AbortSignal,
): Works {
  const name = gatewayName(plan, chosenAddresses(request, desk.roster));
  const transfers = openTransfers({
    client: bucket?.client ?? desk.client,
    store,
    sources: (id) => (id === bucketSource ? bucket?.terms : desk.roster.find((source) => source.id === id)),
    ...(bucket === null ? {} : { before: bucket.share.locate, arrived: bucket.offer }),
    more: (file, failed) => morePlaces(desk.sources, file, failed, (project) => plan.origins[project]),
    log: context.log,
    signal,
  });
  let locked: Lock | null = null;
  let gateway: LoopbackGateway | null = null;
  return {
    transfers,
    origin: `http://${name}.invalid`,
    opened: () => gateway,
    lockTo(lock) {
      locked = lock;
    },
    async open() {
      gateway ??= await openGateway({
        name,
        page: async (project) =>
          (locked === null ? null : lockPage(locked, project)) ?? desk.sources.page(project, plan.origins[project]),
        transfers,
        store,
        log: context.log,
        signal,
      });
      return gateway;
    },
    async close() {
      await gateway?.close();
      await transfers.close();
    },
  };
}
