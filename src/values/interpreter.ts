/** One setting of pip, with the place it comes from: a file's path or `environment`. */
export interface PipSetting {
  readonly value: string;
  readonly origin: string;
}

/** The Python that PaddlePaddle is installed for: the real `sys.executable`, never a shim. */
export interface Interpreter {
  /** Absolute path of the interpreter that runs; for a venv the venv's own. */
  readonly executable: string;
  /** Full version, e.g. `3.11.7`. */
  readonly version: string;
  /** `sys.implementation.name`: `cpython`, `pypy`, ... */
  readonly implementation: string;
  readonly bits: 32 | 64;
  /** `sysconfig.get_platform()`, e.g. `linux-x86_64`, `macosx-11.0-arm64`, `win-amd64`. */
  readonly platform: string;
  /** Free-threaded build (PEP 703). */
  readonly freeThreaded: boolean;
  /** glibc version of the interpreter's process, or null. */
  readonly glibc: string | null;
  /** musl version, or null. */
  readonly musl: string | null;
  /** macOS version such as `14.5` and machine (`arm64`); null elsewhere. */
  readonly macos: { readonly version: string; readonly machine: string } | null;
  readonly prefix: string;
  /** `prefix` of the Python that a virtual environment was made from; else `prefix` itself. */
  readonly basePrefix: string;
  /** Runs in a virtual environment. */
  readonly virtual: boolean;
  /** The EXTERNALLY-MANAGED text (PEP 668), or null where installing is allowed. */
  readonly externallyManaged: string | null;
  /** Version of pip and setuptools in it, or null. */
  readonly pip: string | null;
  readonly setuptools: string | null;
  /** PaddlePaddle packages already there: normalised name → version. */
  readonly paddle: Readonly<Record<string, string>>;
  /** site-packages folder and whether this user may write there. */
  readonly purelib: string;
  readonly writable: boolean;
  /**
   * What `pip install` takes from its configuration of every level (global, user, site, PIP_CONFIG_FILE, environment), by long option
   * name without dashes in front: `index-url`, `extra-index-url`, `cert`, `proxy`, `timeout`, `find-links`, `trusted-host`, ...
   * A setting that takes several values holds them parted by white space, as pip reads it.
   */
  readonly pipSettings: Readonly<Record<string, PipSetting>>;
  /** pip's configuration files that pip itself would refuse, each with the reason: `/etc/pip.conf: File contains no section headers`. */
  readonly pipProblems: readonly string[];
  /** Address of the official index (ends in `/simple/`) as this machine's pip knows it, and who told; null where nobody knows. */
  readonly officialIndex: { readonly url: string; readonly origin: string } | null;
  /** Compatibility tags in order of preference (PEP 425), e.g. `cp311-cp311-manylinux_2_36_x86_64`. */
  readonly tags: readonly string[];
}
