import type { Reply } from './ask.js';
import { refused } from './refusal.js';
import type { Segment, Segments } from './segments.js';

/** Bytes written at a time at most; less than the smallest half that is split off, so that a write never runs into it. */
const PIECE = 2 ** 17;

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
  write: (segment: Segment, bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  let mine: Segment | null = first;
  let position = reply.at;
  const asked = first.end;
  try {
    for await (const chunk of reply.body) {
      for (let offset = 0; offset < chunk.length; ) {
        const rest = chunk.length - offset;
        mine ??= stream ? claim(segments, position) : null;
        const step: number =
          mine !== null ? Math.min(rest, gap(mine, position)) : stream ? skip(segments, position, rest) : 0;
        if (step === 0) {
          return;
        }
        if (mine !== null && position === mine.reached) {
          await write(mine, chunk.subarray(offset, offset + step));
        }
        offset += step;
        position += step;
        if (mine !== null && mine.reached >= mine.end) {
          mine.busy = false;
          mine = null;
          // An answer that is read to its end leaves its connection open for the next one; a part was given to somebody else: cut it off.
          if (stream ? !segments.hasFree() : position < asked) {
            return;
          }
        }
      }
    }
    if (segments.size() === null) {
      segments.setSize(position);
    } else if (mine !== null && mine.reached < mine.end) {
      throw refused('reset', `ended after ${position} bytes, before ${mine.end}`);
    }
  } finally {
    if (mine !== null) {
      mine.busy = false;
    }
    reply.cancel();
  }
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

/** Bytes to pass over up to where the segment goes on, or to write at once. */
function gap(mine: Segment, position: number): number {
  return position < mine.reached ? mine.reached - position : Math.min(PIECE, mine.end - position);
}
