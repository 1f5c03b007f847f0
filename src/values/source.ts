import type { Credentials } from './credentials.js';

/**
 * A place that packages come from.
 * `python`: the official index, a mirror of it, or the index the machine is configured for; `paddle`: PaddlePaddle's own index or a copy;
 * `private`: an extra index of the user's; `find-links`: a page or folder of files.
 */
export interface Source {
  /** Short and stable, used in reports: `official`, `tuna`, `configured`, or the host. */
  readonly id: string;
  readonly kind: 'python' | 'paddle' | 'private' | 'find-links';
  /** Base address without credentials: for `python`/`private` the simple index with a slash at its end; for `paddle` the folder above `stable/`; for find-links the page or absolute folder. */
  readonly url: string;
  readonly credentials: Credentials | null;
  /** Connections to one host at a time. */
  readonly connections: number;
  /** Mirrors of one group are one source: catalogue group or final host. */
  readonly group: string;
  /** Who named it: an input, a pip configuration file, the catalogue. */
  readonly origin: string;
}

/** Why a source did not serve. */
export type FaultKind =
  | 'refused'
  | 'dns'
  | 'tls'
  | 'timeout'
  | 'reset'
  | 'banned'
  | 'missing'
  | 'stale'
  | 'empty'
  | 'html'
  | 'status'
  | 'malformed'
  | 'wrong-hash'
  | 'redirect'
  | 'proxy'
  | 'slow';

/** A source that failed, told apart and with what to do. */
export interface SourceFault {
  readonly source: string;
  /** The address asked, masked. */
  readonly url: string;
  readonly kind: FaultKind;
  /** One line: status, TLS reason, first words of a ban page. */
  readonly detail: string;
  readonly remedy: string | null;
  /** What it asked for by `Retry-After` instead of a page, ms; absent: it did not. */
  readonly retryAfterMs?: number;
}

/** One place where a file can be had. */
export interface FileLocation {
  readonly source: string;
  readonly url: string;
  /** The hash and size (bytes) this source states, or null. */
  readonly sha256: string | null;
  readonly size: number | null;
  /** It has the wheel's METADATA as a file of its own (PEP 658), of this hash where one is stated; absent: it says nothing of one. */
  readonly metadata?: { readonly sha256: string | null };
}

/** A file of a project, as the sources together list it. */
export interface IndexFile {
  readonly filename: string;
  /** Right hash and who said so; null where no source publishes one. */
  readonly sha256: string | null;
  readonly hashOrigin: 'lock' | 'official' | 'agreement' | 'index' | 'first-seen' | null;
  readonly size: number | null;
  readonly requiresPython: string | null;
  /** Reason text, or '' for yanked without one; null: not yanked (PEP 592). */
  readonly yanked: string | null;
  /** RFC 3339, or null. */
  readonly uploadTime: string | null;
  readonly locations: readonly FileLocation[];
}

/** The union of what a project's sources list. */
export interface ProjectPage {
  /** Normalised name (PEP 503). */
  readonly project: string;
  readonly files: readonly IndexFile[];
  /** Sources that answered, in the order asked. */
  readonly answered: readonly string[];
  readonly faults: readonly SourceFault[];
}

/** What the indexes say there is of PaddlePaddle: the page or two that planning needs, by catalogue folder (`cpu`, `cu126`; `python` for the Python index). */
export interface Listing {
  readonly pages: readonly { readonly origin: string; readonly page: ProjectPage }[];
}
