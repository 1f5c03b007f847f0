import type { PullProgress } from '../values/engine.js';

interface Event {
  readonly status?: unknown;
  readonly id?: unknown;
  readonly progressDetail?: { readonly current?: unknown; readonly total?: unknown };
  readonly error?: unknown;
}

/** Counts what a daemon says while it pulls. */
export interface PullCount {
  /** Takes a piece of the stream; lines may be cut anywhere. */
  add(piece: string): void;
  bytes(): number;
  /** What the daemon says went wrong: it answers 200 before it begins, so an error comes in the stream. */
  error(): string | null;
}

function parse(line: string): Event {
  try {
    return JSON.parse(line) as Event;
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

/** Reads the JSON lines of `POST /images/create`. A layer counts while it is downloaded, not again while it is unpacked. */
export function createPullCount(progress: (now: PullProgress) => void): PullCount {
  const layers = new Map<string, PullProgress>();
  let rest = '';
  let failed: string | null = null;
  const sum = (part: keyof PullProgress): number => [...layers.values()].reduce((all, layer) => all + layer[part], 0);
  const read = ({ status, id, progressDetail, error }: Event): void => {
    if (typeof error === 'string') failed = error;
    const layer = layers.get(String(id));
    if (status === 'Downloading' && typeof progressDetail?.current === 'number') {
      const { current, total } = progressDetail;
      layers.set(String(id), { bytes: current, total: typeof total === 'number' && total > 0 ? total : current });
    } else if (status === 'Download complete' && layer !== undefined) {
      layers.set(String(id), { bytes: layer.total, total: layer.total });
    } else return;
    progress({ bytes: sum('bytes'), total: sum('total') });
  };
  return {
    add(piece) {
      const lines = `${rest}${piece}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) read(parse(line));
    },
    bytes: () => sum('bytes'),
    error() {
      if (rest !== '') read(parse(rest));
      return failed;
    },
  };
}
