import type { Failure, Problem } from './failure.js';
import type { IndexFile, SourceFault } from './source.js';

/** What went through the gateway; the Report's and the tests' own count. */
export interface GatewayStats {
  readonly pages: number;
  readonly files: number;
  /** Bytes handed to the installer. */
  readonly bytesServed: number;
  /** Bytes that came over the network, by source id. */
  readonly bytesFetched: Readonly<Record<string, number>>;
  /** Files that broke a connection because their bytes were wrong; when not empty, the installer is run once more. */
  readonly broken: readonly string[];
  /** Requests turned away (other host, CONNECT, no token). */
  readonly refused: number;
}

/** A project or file that could not be served when it was last asked for: the gateway's own record, whatever an installer says of it. */
export interface GatewayProblem {
  /** Project or file name. */
  readonly item: string;
  readonly faults: readonly SourceFault[];
  /** What kept it from being served; null where every source failed, which `faults` tells. */
  readonly failure: Failure | null;
}

/** What the gateway could not serve, for the user: the network's or the machine's fault and not the request's. */
export function servingProblems(problems: readonly GatewayProblem[]): Problem[] {
  return problems.flatMap(({ item, faults, failure }): readonly Problem[] => {
    if (failure !== null) return failure.problems;
    const seen = faults.map((fault) => `${fault.source}: ${fault.detail}`).join('; ');
    const what = `No source could serve it${seen === '' ? '' : `: ${seen}`}.`;
    const remedy = faults.find((fault) => fault.remedy !== null)?.remedy;
    return [{ where: item, what, remedy: remedy ?? 'Name a source that can be reached with mirrors.' }];
  });
}

/** The loopback index, as the installers' rooms see it. */
export interface Gateway {
  /** `http://x:TOKEN@127.0.0.1:PORT`: a secret; goes into HTTP_PROXY and nowhere else. */
  readonly proxyUrl: string;
  /** Invented name of the index, e.g. `http://cpu-stable-1a2b3c4d.invalid`; stable for one set of page contents. */
  readonly origin: string;
  /** `${origin}/simple/`. */
  readonly indexUrl: string;
  /** Address of a file behind the gateway, which then serves it: `${origin}/files/<sha256>/<filename>`. */
  publish(file: IndexFile): string;
  stats(): GatewayStats;
  close(): Promise<void>;
}

/** A wheel (or sdist) in the store, its hash checked. */
export interface StoredFile {
  readonly path: string;
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}
