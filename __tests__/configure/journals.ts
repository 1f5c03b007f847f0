import path from 'node:path';
import { type Journal, openJournal } from '../../src/configure/journal.js';
import type { JournalOwner } from '../../src/configure/journal-ledger.js';
import { type Undone, undo } from '../../src/configure/journal-undo.js';

/** An owner: a job of its own unless told otherwise. */
export function owner(more: Partial<JournalOwner> = {}): JournalOwner {
  return { id: crypto.randomUUID(), scope: 'job', runner: 'runner-1', run: 'run-1', parent: null, ...more };
}

/** A journal in the folder `state` of a test's folder, in which links are followed. */
export function journalIn(folder: string, more: Partial<JournalOwner> = {}): Journal {
  return openJournal({ folder: path.join(folder, 'state'), owner: owner(more), places: [folder] });
}

/** Ends a journal's owner. */
export function undoOf(journal: Journal): Promise<Undone> {
  return undo(journal.folder, new Set([journal.owner.id]), {});
}
