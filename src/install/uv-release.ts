import type { Interpreter } from '../values/interpreter.js';
import data from './uv.json' with { type: 'json' };

/** The wheel of uv that is brought where the machine has none. */
export interface UvWheel {
  readonly filename: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex; the trust root of everything that uv does for us, so it is pinned here and never read from an index. */
  readonly sha256: string;
}

/** The version of uv that is brought. */
export const uvVersion: string = data.version;

/** The oldest uv that is used where the machine has one: the first whose `--preview-features pylock` installs a `pylock.toml`. */
export const oldestUv: string = data.oldest;

/**
 * The pinned wheel that runs where the interpreter runs, or null where there is none.
 * uv is one static program, so only the platform part of the tag (PEP 425) counts.
 */
export function uvWheel(interpreter: Pick<Interpreter, 'tags'>): UvWheel | null {
  const platforms = new Set(interpreter.tags.map((tag) => tag.slice(tag.lastIndexOf('-') + 1)));
  return (
    data.wheels.find(({ filename }) => {
      const platform = filename.slice(filename.lastIndexOf('-') + 1, -'.whl'.length);
      return platform.split('.').some((name) => platforms.has(name));
    }) ?? null
  );
}
