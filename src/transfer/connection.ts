import type { Reply } from './ask.js';
import { refused } from './refusal.js';
import type { Segment, Segments } from './segments.js';

/** What is gathered for a write waits so long (ms) for more: a slow connection's bytes are noted soon, and not lost when the process dies. */
const GATHER_MS = 5;

/** What is done with the bytes of an answer. */
export interface Sink {
  /** Bytes gathered for one write, and twice as many at most: no more than the smallest half that is split off, so that a write never runs into it. */
  readonly batch: number;
  /** Bytes came, of use or not. */
  arrived(bytes: number): void;
  /** Takes the bytes that follow `segment.reached`; the segment has advanced by them, and the pieces are needed no more, when it resolves. */
  write(segment: Segment, pieces: readonly Uint8Array[]): Promise<void>;
}

/**
 * Pours an answer into the file, from `first` (already busy) on. A ranged answer ends with its segment; a `stream`, which began where
 * the server liked, goes on through every segment that nobody else fetches and passes over the others. Whatever was claimed is free
 * again afterwards. Throws Refused when the answer ends too early.
 */
export async function pour(
  reply: Reply,
  first: Segment,
  segments: Segments,
  stream: boolean,
  sink: Sink,
): Promise<void> {
  let mine: Segment | null = first;
  let position = reply.at;
  const asked = first.end;
  /** Pieces that follow `mine.reached`. */
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let heldSince = 0;
  const flush = async (): Promise<void> => {
    const pieces = held;
    [held, heldBytes] = [[], 0];
    if (mine !== null && pieces.length > 0) {
      await sink.write(mine, pieces);
      pieces.forEach(release);
    }
  };
  try {
    for await (const chunk of unlessLate(reply.body, () => heldBytes > 0, flush)) {
      sink.arrived(chunk.length);
      for (let offset = 0; offset < chunk.length; ) {
        const rest = chunk.length - offset;
        mine ??= stream ? claim(segments, position) : null;
        const next: number = mine === null ? 0 : mine.reached + heldBytes;
        const step: number =
          mine === null
            ? stream
              ? skip(segments, position, rest)
              : 0
            : Math.min(
                rest,
                position < next ? next - position : Math.min(2 * sink.batch - heldBytes, mine.end - position),
              );
        if (step <= 0) {
          return;
        }
        if (mine !== null && position === next) {
          if (heldBytes === 0) {
            heldSince = performance.now();
          }
          held.push(chunk.subarray(offset, offset + step));
          heldBytes += step;
        }
        offset += step;
        position += step;
        if (mine === null) {
          continue;
        }
        const ended = position >= mine.end;
        if (ended || heldBytes >= sink.batch || performance.now() - heldSince > GATHER_MS) {
          await flush();
        }
        if (mine.reached >= mine.end) {
          mine.busy = false;
          mine = null;
          // An answer that is read to its end leaves its connection open for the next one; a part was given to somebody else: cut it off.
          if (stream ? !segments.hasFree() : position < asked) {
            return;
          }
        }
      }
    }
    await flush();
    if (segments.size() === null) {
      segments.setSize(position);
    } else if (mine !== null && mine.reached < mine.end) {
      throw refused('reset', `ended after ${position} bytes, before ${mine.end}`);
    }
  } finally {
    // What came before a break is kept.
    await flush().finally(() => {
      if (mine !== null) {
        mine.busy = false;
      }
      reply.cancel();
    });
  }
}

/** Gives on what `body` brings; where something `waits` and the next piece is not there soon, `flush` comes first. */
async function* unlessLate(
  body: AsyncIterable<Uint8Array>,
  waits: () => boolean,
  flush: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  const pieces = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const coming = pieces.next();
      // It may fail while the flush is awaited; it is awaited itself right after.
      coming.catch(() => undefined);
      if (waits() && !(await isThereWithin(coming, GATHER_MS))) {
        await flush();
      }
      const next = await coming;
      if (next.done === true) {
        return;
      }
      yield next.value;
    }
  } finally {
    // Not waited for: a piece that does not come would hold it up. Whoever asked cancels the answer.
    pieces.return?.().catch(() => undefined);
  }
}

function isThereWithin(coming: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    const there = (): void => {
      clearTimeout(timer);
      resolve(true);
    };
    coming.then(there, there);
  });
}

function claim(segments: Segments, position: number): Segment | null {
  const here = segments.at(position);
  if (here === null || here.busy || here.reached >= here.end || here.reached < position) {
    return null;
  }
  here.busy = true;
  return here;
}

function skip(segments: Segments, position: number, rest: number): number {
  const here = segments.at(position);
  return here === null ? 0 : Math.min(rest, here.end - position);
}

/**
 * Gives the memory of a piece back at once, where this Node can (`ArrayBuffer.prototype.transfer`, from Node 22 on). Only where the piece is
 * all of its buffer: the parser reads on in what follows a piece. An empty piece lies in a buffer that the parser uses again and again.
 */
function release(piece: Uint8Array): void {
  const buffer = piece.buffer as ArrayBufferLike & { transfer?: (bytes: number) => unknown };
  if (piece.byteLength > 0 && piece.byteLength === buffer.byteLength) {
    buffer.transfer?.(0);
  }
}
