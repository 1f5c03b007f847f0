import type { PartialFile, Store } from '../values/store.js';
import type { DownloadState } from './download-state.js';
import { bootTime, type PartialRecord } from './record.js';

/** What is written down of a download beside its partial file, so that a later run goes on where this one stops. */
export interface Notes {
  /** Notes all that is known of the file: after anything but a write. */
  all(): Promise<void>;
  /** Notes that bytes `[from, to)` have reached the file. */
  wrote(from: number, to: number): Promise<void>;
}

/** Keeps the notes of a download. What goes wrong rejects with what it means: a full disk, most of all. */
export function keepNotes(state: DownloadState, partial: PartialFile, store: Store): Notes {
  /** What the notes say beside the bytes. */
  let noted: Pick<PartialRecord, 'size' | 'identity'> | null = null;

  const note = async (entry: PartialRecord | readonly [number, number]): Promise<void> => {
    try {
      partial.note(entry);
    } catch (error) {
      throw await store.explain(error, state.segments.missing());
    }
  };
  const all = async (): Promise<void> => {
    const { segments, identity, confirmed, file } = state;
    const size = segments.size();
    noted = null;
    if (size !== null && confirmed) {
      noted = { size, identity };
      const pieces = segments.pieces();
      await note({ version: 1, size, sha256: file.sha256, identity, pieces, bootedMs: bootTime() });
    }
  };
  return {
    all,
    wrote: (from, to) =>
      noted?.size === state.segments.size() && noted?.identity === state.identity ? note([from, to]) : all(),
  };
}
