import type { Problem } from './failure.js';
import type { MirrorVerdict, PulledImage } from './images.js';
import type { Notice } from './log.js';
import type { Plan } from './plan.js';
import type { SourceFault } from './source.js';
import type { Verification } from './verification.js';

/** One step of the run: what the summary draws a bar for. Times in ms since the start of the run. */
export interface TimelineStep {
  readonly name: string;
  readonly startMs: number;
  readonly ms: number;
  readonly outcome: 'done' | 'failed';
}

/** What one source did in this run. */
export interface SourceReport {
  readonly id: string;
  /** Masked address. */
  readonly url: string;
  readonly origin: string;
  /** Bytes that came from it and the time during which it served, ms; rate is bytes over that time. */
  readonly bytes: number;
  readonly faults: readonly SourceFault[];
}

/** How a source answered when it was looked at. */
export interface ProbeReport {
  readonly id: string;
  /** Masked address. */
  readonly url: string;
  readonly origin: string;
  /** Milliseconds until its page began; null where none came. */
  readonly ms: number | null;
  /** Over at most 1 MiB of a real file; null where none was tried. */
  readonly bytesPerSecond: number | null;
  readonly fault: SourceFault | null;
}

/** What a run had of the bucket that it shares with others, and gave it. Sizes in bytes. */
export interface BucketReport {
  /** `s3://bucket/prefix`, without secrets. */
  readonly place: string;
  readonly bytesRead: number;
  readonly filesStored: number;
  readonly bytesStored: number;
  /** Objects that held other bytes than their names say, and were put again. */
  readonly filesReplaced: number;
  /** Milliseconds spent waiting for what another run was bringing. */
  readonly waitedMs: number;
  /** Whether this run brought what was missing, on behalf of all that waited. */
  readonly leased: boolean;
  /** Why this run may store nothing there, half a sentence; null where it may. */
  readonly readOnly: string | null;
  /** Why it was given up in this run, for reading and storing or for storing alone; null where it was not. */
  readonly givenUp: string | null;
}

/** What GitHub's cache did for a run, and what post is to do for it. Sizes in bytes. */
export interface GithubCacheReport {
  /** Name of the entry that was restored; null: none, and `why`. */
  readonly entry: string | null;
  readonly why: string | null;
  readonly files: number;
  readonly bytes: number;
  /** Milliseconds from the look-up until every file was hashed. */
  readonly ms: number;
  /** Milliseconds that downloading the same bytes would have taken, by what was last measured; null where nothing was. */
  readonly downloadMs: number | null;
  /** What post is to save; null: nothing, and `notSaved` why. */
  readonly saving: { readonly entry: string; readonly files: number; readonly bytes: number } | null;
  readonly notSaved: string | null;
}

/** How many files, and their bytes. */
export interface FileCount {
  readonly files: number;
  readonly bytes: number;
}

/** What the cache saved against a download of the same bytes: an estimate. */
export interface SavedReport {
  /** Milliseconds; negative where the cache cost time. */
  readonly ms: number;
  /** Bytes that were not downloaded. */
  readonly bytes: number;
  /** Milliseconds of unpacking that a download would have gone on beside; already taken off. */
  readonly besideMs: number;
  /** What a download brings, and whether this run measured it itself. */
  readonly bytesPerSecond: number;
  readonly measured: 'in this run' | 'in an earlier run';
}

/** The wheel cache in this run. */
export interface CacheReport {
  readonly store: 'github' | 'directory' | 's3' | 'off';
  /** Why this store (`auto` explains itself). */
  readonly reason: string;
  readonly folder: string;
  readonly key: string;
  readonly anatomy: readonly { readonly part: string; readonly value: string }[];
  /** `exact`: a lock was kept under the key and every file of it was there, as a wheel or unpacked; `partial`: some files were; `miss`. */
  readonly hit: 'exact' | 'partial' | 'miss';
  /** Files of the lock that were already in the store, those that are the user's own left out, and their bytes. */
  readonly filesReused: number;
  readonly bytesReused: number;
  /** Bytes that came from indexes and mirrors: those of a bucket are not among them. */
  readonly bytesDownloaded: number;
  /** Files of the lock that this run brought over the network into the folder. */
  readonly stored: FileCount;
  /** Files of the lock that another job on this machine brought meanwhile. */
  readonly awaited: FileCount;
  /** Null where nothing was reused, or where no download was measured lately. */
  readonly saved: SavedReport | null;
  /** Only of the store `s3`. */
  readonly bucket: BucketReport | null;
  /** Only of the store `github`. */
  readonly github: GithubCacheReport | null;
}

/** One thing that the cache folder holds. */
export interface HoldingReport {
  readonly kind: 'wheel' | 'unpacked';
  /** File name of a wheel; name and version of what is unpacked. */
  readonly name: string;
  /** User whose unpacked files these are; null for a wheel. */
  readonly user: string | null;
  readonly bytes: number;
  /** RFC 3339. */
  readonly lastUsed: string;
  readonly keys: readonly string[];
}

/** The cache folder as the commands `cache` found it, or as a run left it. */
export interface StoreReport {
  readonly folder: string;
  /** Bytes; null where there is no limit. */
  readonly limit: number | null;
  readonly bytes: number;
  /** Only of `cache ls` and `cache verify`. */
  readonly holdings: readonly HoldingReport[];
  readonly evicted: readonly HoldingReport[];
}

/** Everything that is told about a run: outputs, summary, annotations and the JSON report come from it, and from nothing else. */
export interface Report {
  readonly program: { readonly name: 'paddle-mirror-setup'; readonly version: string; readonly node: string };
  readonly command: 'setup' | 'plan' | 'probe' | 'verify' | 'restore' | 'cache ls' | 'cache verify' | 'cache prune';
  readonly started: string;
  readonly totalMs: number;
  readonly outcome: 'done' | 'failed';
  readonly problems: readonly Problem[];
  readonly notices: readonly Notice[];
  readonly steps: readonly TimelineStep[];
  readonly runner: {
    readonly os: string;
    readonly arch: string;
    readonly libc: string | null;
    readonly host: string;
    readonly gpus: readonly string[];
    readonly driver: string | null;
    readonly python: string;
    readonly pythonVersion: string;
  } | null;
  readonly plan: {
    readonly device: string;
    readonly cuda: string | null;
    readonly distribution: string;
    readonly version: string;
    /** Extra packages with why they are there (`setuptools`). */
    readonly pins: readonly { readonly name: string; readonly specifier: string; readonly reason: string }[];
  } | null;
  /** How the plan was chosen; null where none was. */
  readonly choice: {
    /** Why this device: one sentence without its full stop. */
    readonly why: string;
    readonly channel: 'stable' | 'nightly';
    readonly build: Plan['build'];
    /** Where PaddlePaddle's packages come from: `the Python index`, or folders of PaddlePaddle's own (`stable/cu126`). */
    readonly from: readonly string[];
    /** What the plan rests on; `catalogue`: no source answered, so nothing of it is confirmed. */
    readonly basis: 'index' | 'lock' | 'catalogue';
    /** Where the index said something else than the catalogue; the index was believed. */
    readonly differences: readonly string[];
  } | null;
  readonly sources: readonly SourceReport[];
  /** Only of the command `probe`. */
  readonly probes: readonly ProbeReport[];
  readonly cache: CacheReport | null;
  readonly store: StoreReport | null;
  readonly lock: {
    /** Path of the written pylock.toml. */
    readonly path: string;
    readonly files: readonly {
      readonly name: string;
      readonly version: string;
      readonly filename: string;
      readonly kind: 'wheel' | 'sdist';
      readonly size: number | null;
      readonly hashOrigin: string;
    }[];
    readonly bytes: number;
    readonly resolved: boolean;
    readonly unhashed: readonly string[];
  } | null;
  readonly install: {
    readonly installer: 'uv' | 'pip';
    readonly installerVersion: string;
    readonly python: string;
    readonly venv: string | null;
    readonly attempts: number;
    /** Some wheel was unpacked, not only linked. */
    readonly unpacked: boolean;
  } | null;
  /** Environment of later steps, values masked where secret. */
  readonly configured: Readonly<Record<string, string>>;
  /** Docker, BuildKit, containerd, podman; null where nothing about them was asked for. */
  readonly containers: {
    readonly mirrors: readonly MirrorVerdict[];
    /** Who was told of which mirrors of Docker Hub, and in which file. */
    readonly told: readonly { readonly tool: string; readonly where: string; readonly mirrors: readonly string[] }[];
    readonly images: readonly PulledImage[];
  } | null;
  /** Folder that was filled for `docker build`, or null. */
  readonly buildContext: string | null;
  readonly verification: Verification | null;
  readonly gateway: {
    readonly pages: number;
    readonly files: number;
    readonly bytesServed: number;
    readonly bytesFetched: number;
  } | null;
}
