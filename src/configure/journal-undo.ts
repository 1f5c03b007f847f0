import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isNativeError } from 'node:util/types';
import { isRunning } from '../process/mark.js';
import { Failure } from '../values/failure.js';
import type { Part } from './editor.js';
import {
  type Afterwards,
  type JournalOwner,
  type Ledger,
  readAfterwards,
  readLedgers,
  removeAfterwards,
} from './journal-ledger.js';
import { withLock } from './journal-lock.js';
import { type Found, meet, settle } from './journal-settle.js';

/** Does what has to be done once files are back, and says what it did in a sentence. Throws Error where it can't. */
export type Effect = (data: Part) => Promise<string>;

/** What became of the changes of some owners. */
export interface Undone {
  /** Files with how they were found: `changed` by somebody else, only our part was taken out; `deleted`, there was nothing to do. */
  readonly files: readonly { readonly path: string; readonly found: Found }[];
  /** What the effects said. */
  readonly effects: readonly string[];
  /** Files and effects that could not be undone, with the reason; they stay on record for another try. */
  readonly left: readonly { readonly what: string; readonly why: string }[];
}

const reasonOf = (error: unknown): string => {
  if (error instanceof Failure) return error.problems.map(({ what }) => what).join(' ');
  // A limit that ran out is a DOMException.
  if (isNativeError(error) || error instanceof DOMException) return error.message;
  throw error;
};

async function undoFile(folder: string, ledger: Ledger, ids: ReadonlySet<string>): Promise<Found> {
  const met = await meet(ledger);
  await settle(
    folder,
    met,
    met.ledger.layers.filter(({ owner }) => !ids.has(owner.id)),
  );
  return met.found;
}

/**
 * Takes the parts of these owners out of every file, whatever others put in before or after them, then does their effects, each once.
 * One that can't be undone keeps no other one. Throws Failure(1) where another run holds the journal.
 */
export async function undo(
  stateFolder: string,
  ids: ReadonlySet<string>,
  effects: Readonly<Record<string, Effect>>,
): Promise<Undone> {
  const folder = path.join(stateFolder, 'journal');
  const files: { path: string; found: Found }[] = [];
  const left: { what: string; why: string }[] = [];
  const isTheirs = ({ owner }: { readonly owner: JournalOwner }): boolean => ids.has(owner.id);
  const due = await withLock(folder, async () => {
    for (const ledger of (await readLedgers(folder)).filter(({ layers }) => layers.some(isTheirs))) {
      try {
        files.push({ path: ledger.path, found: await undoFile(folder, ledger, ids) });
      } catch (error) {
        left.push({ what: ledger.path, why: reasonOf(error) });
      }
    }
    return (await readAfterwards(folder)).filter(isTheirs);
  });
  // Outside of the lock: an effect may edit files itself.
  const done = await doEffects(folder, due, effects, left);
  return { files, effects: done, left };
}

async function doEffects(
  folder: string,
  due: readonly Afterwards[],
  effects: Readonly<Record<string, Effect>>,
  left: { what: string; why: string }[],
): Promise<string[]> {
  const said: string[] = [];
  const done = new Set<string>();
  for (const one of due) {
    const { kind, data } = one;
    const mark = JSON.stringify([kind, data]);
    try {
      const effect = Object.hasOwn(effects, kind) ? effects[kind] : undefined;
      if (effect === undefined) throw new Error('another version of this program recorded it');
      if (!done.has(mark)) said.push(await effect(data));
      done.add(mark);
      await removeAfterwards(folder, one);
    } catch (error) {
      left.push({ what: kind, why: reasonOf(error) });
    }
  }
  return said;
}

/** An owner and whether its job still runs; null: that can't be seen from here. */
export interface LeftOwner {
  readonly owner: JournalOwner;
  readonly running: boolean | null;
}

/** Everyone who has changes on record here. */
export async function owners(stateFolder: string): Promise<LeftOwner[]> {
  const folder = path.join(stateFolder, 'journal');
  const ledgers = await readLedgers(folder);
  const all = [...ledgers.flatMap(({ layers }) => layers), ...(await readAfterwards(folder))].map(({ owner }) => owner);
  const distinct = [...new Map(all.map((owner) => [owner.id, owner])).values()];
  return await Promise.all(
    distinct.map(async (owner) => ({ owner, running: owner.parent === null ? null : await isRunning(owner.parent) })),
  );
}

/**
 * Whether an earlier job was killed before its post. A runner has one job at a time, so another run under its name is enough, but not where
 * the process of that job still runs: two runners of one machine may have the same name. Only a process that runs this job too is done with it.
 */
export function wasKilled({ owner, running }: LeftOwner, now: JournalOwner): boolean {
  if (owner.scope !== 'job' || owner.id === now.id) return false;
  if (running === true && !isDeepStrictEqual(owner.parent, now.parent)) return false;
  if (owner.runner === now.runner && owner.run !== '' && now.run !== '') return owner.run !== now.run;
  return running === false;
}
