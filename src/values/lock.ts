/** One file of a lock: exactly what is installed. */
export interface LockedFile {
  /** Normalised name (PEP 503). */
  readonly name: string;
  readonly version: string;
  readonly filename: string;
  readonly kind: 'wheel' | 'sdist';
  /** Bytes; null where nobody stated it. */
  readonly size: number | null;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly hashOrigin: 'lock' | 'official' | 'agreement' | 'index' | 'first-seen' | 'local';
  /** Public addresses, best first; never the gateway's, never with credentials. A local wheel has a `file:` address. */
  readonly urls: readonly { readonly source: string; readonly url: string }[];
  readonly requiresPython: string | null;
}

/** The exact files for one interpreter. */
export interface Lock {
  /** Lower bound without patch version, e.g. `>=3.11`. */
  readonly requiresPython: string;
  readonly device: string;
  readonly cuda: string | null;
  readonly distribution: string;
  readonly paddleVersion: string;
  readonly files: readonly LockedFile[];
  /** Requirements that no lock can hash (VCS, editable): installed by uv after the locked files, reported as not hashed. */
  readonly unhashed: readonly string[];
  /** When it was resolved: RFC 3339. */
  readonly created: string;
  /** Cache key it was made for. */
  readonly key: string;
}
