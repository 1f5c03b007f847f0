import type { Credentials } from './credentials.js';
import type { ImageReference } from './images.js';

/** What a Docker daemon says of itself. */
export interface EngineInfo {
  readonly version: string;
  /** `Debian GNU/Linux 12`, `Docker Desktop`. */
  readonly system: string;
  readonly rootless: boolean;
  /** The mirrors that it uses now, as it writes them: with a slash at the end. */
  readonly mirrors: readonly string[];
  /** Registries that it was told to speak to without TLS or with any certificate: `host:port`. */
  readonly insecure: readonly string[];
}

/** An image that a daemon has. */
export interface EngineImage {
  readonly id: string;
  /** `repository@sha256:...` of every registry it was pulled from. */
  readonly digests: readonly string[];
}

/** Bytes of the layers of a pull so far, as the daemon counts what it downloads. */
export interface PullProgress {
  readonly bytes: number;
  readonly total: number;
}

/** A program that holds images. Every call throws EngineFault where it says no or does not answer. */
export interface ImageHolder {
  readonly name: 'docker' | 'podman';
  /** Null where it has no such image. */
  image(name: string, signal: AbortSignal): Promise<EngineImage | null>;
  /** Gives the bytes that were downloaded, null where it does not tell. `login` is held in memory and handed to the program alone. */
  pull(
    image: ImageReference,
    login: Credentials | null,
    progress: (now: PullProgress) => void,
    signal: AbortSignal,
  ): Promise<number | null>;
  tag(image: string, name: string, signal: AbortSignal): Promise<void>;
}

/** A Docker daemon behind its socket. */
export interface Engine extends ImageHolder {
  /** Path of the socket. */
  readonly socket: string;
  info(signal: AbortSignal): Promise<EngineInfo>;
}

/** A daemon that said no, or nothing. `status`: HTTP status, null where no answer came; `code`: of the system error, as `ENOENT`. */
export class EngineFault extends Error {
  readonly status: number | null;
  readonly code: string | null;

  constructor(message: string, status: number | null, code: string | null, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'EngineFault';
    this.status = status;
    this.code = code;
  }
}
