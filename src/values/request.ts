import type { Credentials, IndexCredentials } from './credentials.js';
import type { ImageWish } from './images.js';
import type { Requirement } from './requirement.js';
import type { S3Place } from './s3.js';

/** A device as the user names it: `auto`, `cpu`, `gpu`, `cu118` ... `cu130`, `xpu`, `npu`, `dcu`, `mlu`, `gcu`, `maca`, `ixuca`. */
export type DeviceWish = string;

/** Which PaddlePaddle: the newest good release, a PEP 440 specifier (`==3.2.2`, `3.2.*` is normalised to `==3.2.*`), or a nightly. */
export type PaddleWish =
  | { readonly kind: 'newest' }
  | { readonly kind: 'specifier'; readonly specifier: string; readonly origin: string }
  | { readonly kind: 'nightly' };

/** An index or find-links address from a requirements file or an input, credentials taken out of the address. */
export interface IndexOption {
  readonly kind: 'index-url' | 'extra-index-url' | 'find-links';
  /** http(s) address without credentials, or for find-links an absolute folder. */
  readonly url: string;
  readonly credentials: Credentials | null;
  /** `requirements.txt:3` or the input's name. */
  readonly origin: string;
}

/** Everything the user asked for beside PaddlePaddle: requirements files (nested ones read), `packages`, a lock. */
export interface RequirementSet {
  readonly requirements: readonly Requirement[];
  readonly constraints: readonly Requirement[];
  readonly indexes: readonly IndexOption[];
  /** `--no-index` was given: only find-links count. */
  readonly noIndex: boolean;
  /** `--pre` was given. */
  readonly preReleases: boolean;
  /** `--no-binary`/`--only-binary` lines as given: option and comma list. */
  readonly formats: readonly string[];
  /** Absolute path of a `pylock.toml` given as `requirements`, or null. */
  readonly pylock: string | null;
  /** Option lines that are not obeyed, each with the reason (`--trusted-host`). */
  readonly notices: readonly string[];
}

/** A mirror as the user names it: a name of the catalogue (`official` among them) or an address. */
export type MirrorWish =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'url'; readonly url: string; readonly credentials: Credentials | null };

/** A tool of later steps: `pip` is told of the chosen index, `conda` of a mirror with channels, the others of mirrors of Docker Hub. */
export type Tool = 'pip' | 'docker' | 'buildkit' | 'containerd' | 'podman' | 'conda';

/** What the user asked for: parsed, validated, frozen. Nothing below it reads an input again. */
export interface Request {
  readonly paddle: PaddleWish;
  readonly device: DeviceWish;
  readonly requirements: RequirementSet;
  /** Interpreter: a path or a name on PATH. */
  readonly python: string;
  /** Absolute folder of the environment to create or reuse; null: the interpreter's own. */
  readonly venv: string | null;
  /** False: only fill the cache. */
  readonly install: boolean;
  readonly installer: 'uv' | 'pip';
  /** `auto`, or an exclusive list in order of wish. */
  readonly mirrors: 'auto' | readonly MirrorWish[];
  /** Base addresses of PaddlePaddle's index or copies of it; empty: the catalogue's. */
  readonly paddleIndexes: readonly { readonly url: string; readonly credentials: Credentials | null }[];
  /** By origin, each once. */
  readonly indexCredentials: readonly IndexCredentials[];
  /** Which tools of later steps are told. */
  readonly configure: readonly Tool[];
  /** Where pip is told: variables of later steps, or its configuration file of a level. */
  readonly pipConfig: 'env' | 'user' | 'system';
  /** Mirrors of Docker Hub in order of wish: name of the catalogue or host, and address without a slash at its end. */
  readonly dockerMirrors: readonly { readonly id: string; readonly url: string }[];
  /** Images to pull ahead. */
  readonly dockerImages: readonly ImageWish[];
  /** Absolute folder that gets what `docker build` needs, or null. */
  readonly dockerContext: string | null;
  /** How long changes to the machine stay: until the job ends (in a shell: until `restore`), or until `restore`. */
  readonly scope: 'job' | 'keep';
  /** Absolute path of a file that takes the environment of later steps, or null. */
  readonly envFile: string | null;
  readonly cache: 'auto' | 'github' | 'directory' | 's3' | 'off';
  /** The bucket of `s3`, and of `auto` where one is named. */
  readonly cacheUrl: S3Place | null;
  /** Absolute folder of the cache, or null for the default. */
  readonly cachePath: string | null;
  /** Whether a cache that others read is written; `auto`: the event decides. */
  readonly cacheWrite: 'auto' | 'always' | 'never';
  /** Most bytes that the cache folder may hold; Infinity for no limit. */
  readonly cacheLimit: number;
  readonly verify: 'full' | 'import' | 'off';
  readonly gpu: 'required' | 'optional';
  /** Milliseconds for which a lock of unpinned requirements is used before it is resolved again. */
  readonly lockMaxAgeMs: number;
  /** One deadline over everything, milliseconds. */
  readonly timeoutMs: number;
  /** Absolute path for the report as JSON, or null. */
  readonly reportFile: string | null;
}
