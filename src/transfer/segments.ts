/** Bytes `[from, to)` of a file and the source that brought them. */
export interface Piece {
  readonly source: string;
  readonly from: number;
  to: number;
}

/** A run of bytes that one connection fetches: what is there reaches from `start` to `reached`, without holes. */
export interface Segment {
  readonly start: number;
  reached: number;
  /** Exclusive; Infinity while the file's length is unknown. */
  end: number;
  busy: boolean;
  pieces: Piece[];
  /** Up to here older bytes lie on the disk, to be compared while they are fetched again. */
  compareTo: number;
}

/** What is there of a file and what is not: the pure book-keeping of a transfer. All positions are bytes. */
export interface Segments {
  /** The first segment that nobody fetches, now busy, `most` bytes of it where the file comes in segments; null where there is none. */
  take(most: number): Segment | null;
  /** The later half of the longest rest that is being fetched, now busy itself; null where no half is `least` bytes or more. */
  split(least: number): Segment | null;
  /** The longest half that `split` could give. */
  widest(): number;
  /** Bytes up to `to` arrived from `source`. */
  advance(segment: Segment, source: string, to: number): void;
  /** The segment that holds `position`, or null past the end. */
  at(position: number): Segment | null;
  /** Sets the length, once known, and cuts the file into segments. */
  setSize(size: number): void;
  size(): number | null;
  /** Everything before it is there. */
  front(): number;
  /** Bytes that are not there; Infinity while the length is unknown. */
  missing(): number;
  hasFree(): boolean;
  /** Who brought what is there, each once. */
  sources(): readonly string[];
  pieces(): readonly Piece[];
  /** Takes back what `source` brought: those bytes are missing again, to be compared when they come from elsewhere. Only while nothing is busy. */
  recall(source: string): void;
}

/**
 * Starts the book of a file in segments of `segmentBytes`; a file below `wholeBelow` is one segment.
 * `kept`: pieces that an earlier run left, in any order; those that overlap or lie outside the file are forgotten.
 */
export function createSegments(
  size: number | null,
  segmentBytes: number,
  wholeBelow: number,
  kept: readonly Piece[] = [],
): Segments {
  let length = size;
  let past: readonly Piece[] = [];
  let list = layOut(size, segmentBytes, wholeBelow, kept, past);

  const longest = (): Segment | null =>
    list
      .filter((s) => s.busy && Number.isFinite(s.end))
      .reduce<Segment | null>((a, b) => (a === null || b.end - b.reached > a.end - a.reached ? b : a), null);
  const pieces = (): readonly Piece[] => list.flatMap((s) => s.pieces);

  /** Ends `segment` at `position`; what follows becomes a segment of its own. */
  const cut = (segment: Segment, position: number): Segment => {
    const tail = { ...fresh(position, segment.end), compareTo: Math.max(position, segment.compareTo) };
    segment.end = position;
    segment.compareTo = Math.min(segment.compareTo, position);
    list.splice(list.indexOf(segment) + 1, 0, tail);
    return tail;
  };

  return {
    take: (most) => {
      const free = list.find((s) => !s.busy && s.reached < s.end);
      if (free === undefined) {
        return null;
      }
      free.busy = true;
      // A rest of less than half is not worth a request of its own.
      if (length !== null && length >= wholeBelow && free.end - free.reached >= most * 1.5) {
        cut(free, free.reached + Math.ceil(most));
      }
      return free;
    },
    split: (least) => {
      const victim = longest();
      const middle = victim === null ? 0 : victim.reached + Math.ceil((victim.end - victim.reached) / 2);
      if (victim === null || victim.end - middle < least) {
        return null;
      }
      return Object.assign(cut(victim, middle), { busy: true });
    },
    widest: () => {
      const victim = longest();
      return victim === null ? 0 : Math.floor((victim.end - victim.reached) / 2);
    },
    advance: (segment, source, to) => {
      const last = segment.pieces.at(-1);
      if (last?.source === source && last.to === segment.reached) {
        last.to = to;
      } else {
        segment.pieces.push({ source, from: segment.reached, to });
      }
      segment.reached = to;
    },
    at: (position) => list.find((s) => position >= s.start && position < s.end) ?? null,
    setSize: (known) => {
      const open = list.at(-1);
      if (length !== null || open === undefined) {
        return;
      }
      length = known;
      open.end = known;
      // The connection that found the length goes on with the first segment.
      const first = grid(known, segmentBytes, wholeBelow).filter((start) => start > open.reached);
      for (const [index, start] of first.entries()) {
        open.end = Math.min(open.end, start);
        list.push(fresh(start, first[index + 1] ?? known));
      }
    },
    size: () => length,
    front: () => list.find((s) => s.reached < s.end)?.reached ?? length ?? 0,
    missing: () => (length === null ? Number.POSITIVE_INFINITY : list.reduce((sum, s) => sum + s.end - s.reached, 0)),
    hasFree: () => list.some((s) => !s.busy && s.reached < s.end),
    sources: () => [...new Set(pieces().map((p) => p.source))],
    pieces,
    recall: (source) => {
      const here = pieces();
      past = [...past, ...here.filter((p) => p.source === source)];
      list = layOut(
        length,
        segmentBytes,
        wholeBelow,
        here.filter((p) => p.source !== source),
        past,
      );
    },
  };
}

function fresh(start: number, end: number): Segment {
  return { start, reached: start, end, busy: false, pieces: [], compareTo: start };
}

function grid(size: number, segmentBytes: number, wholeBelow: number): number[] {
  const count = size < wholeBelow ? 1 : Math.ceil(size / segmentBytes);
  return Array.from({ length: count }, (_, index) => index * segmentBytes);
}

/** Segments cut at the grid and where a piece begins, so that no piece is lost for a hole before it. */
function layOut(
  size: number | null,
  segmentBytes: number,
  wholeBelow: number,
  kept: readonly Piece[],
  past: readonly Piece[],
): Segment[] {
  const end = size ?? Number.POSITIVE_INFINITY;
  const inside = (p: Piece): boolean => p.from >= 0 && p.from < p.to && p.to <= end;
  const [here, gone] = [kept.filter(inside).sort((a, b) => a.from - b.from), past.filter(inside)];
  const cuts = size === null ? [0] : grid(size, segmentBytes, wholeBelow);
  const starts = [...new Set([...cuts, ...here.map((p) => p.from), ...gone.map((p) => p.from)])].sort((a, b) => a - b);
  const list = starts.map((start, index) => fresh(start, starts[index + 1] ?? end));
  for (const segment of list) {
    for (const piece of here) {
      const to = Math.min(piece.to, segment.end);
      if (piece.from <= segment.reached && to > segment.reached) {
        segment.pieces.push({ source: piece.source, from: segment.reached, to });
        segment.reached = to;
      }
    }
    for (const piece of gone) {
      if (piece.from <= segment.reached) {
        segment.compareTo = Math.max(segment.compareTo, Math.min(piece.to, segment.end));
      }
    }
  }
  return list;
}
