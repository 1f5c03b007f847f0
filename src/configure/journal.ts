import { randomUUID } from 'node:crypto';
import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { isNativeError } from 'node:util/types';
import { Failure } from '../values/failure.js';
import { errorCode } from '../values/system-error.js';
import type { Part } from './editor.js';
import type { EditorName } from './editors.js';
import { realTarget, removeFolders } from './journal-file.js';
import {
  type JournalOwner,
  type Ledger,
  readLedgers,
  removeLedger,
  writeAfterwards,
  writeLedger,
} from './journal-ledger.js';
import { withLock } from './journal-lock.js';
import { isSameLayer, meet, settle, target, withLayer } from './journal-settle.js';

/** What a journal is opened with. */
export interface JournalPlace {
  /** Folder of the journals of this user, outside of `RUNNER_TEMP`, which is emptied around every job. */
  readonly folder: string;
  readonly owner: JournalOwner;
  /** Folders within which links are followed: home, working folder, /etc. */
  readonly places: readonly string[];
}

/** One file and what is to be in it. */
export interface Edit {
  readonly path: string;
  readonly editor: EditorName;
  readonly part: Part;
  /** Permission bits of a file that is not there yet; one that is keeps its own, and its owner. */
  readonly mode: number;
  /** The input that wished it, for messages. */
  readonly wish: string;
}

/**
 * Every change to the machine goes through it: recorded on disk before it is made, made in one step, undone by its owner's end or by
 * `restore` without regard to what others have done to the same file.
 */
export interface Journal extends JournalPlace {
  /** Does everything of `edit` but the change. Throws Failure(2) where it would: to be called before anything else is changed. */
  check(edit: Edit): Promise<void>;
  /** Puts a part into a file, in the place of the same editor's earlier part of this owner. Throws Failure(2); then nothing is changed. */
  edit(edit: Edit): Promise<void>;
  /** Files that hold a part of this owner, by their real paths. */
  files(): Promise<readonly string[]>;
  /** Takes this owner's part out of a file again, before its end: what was told of it did not take it. */
  takeBack(edit: Edit): Promise<void>;
  /**
   * Records what has to be done once the files of this owner are back, such as telling a daemon to read its file again. To be called before
   * `edit`, so that a run killed between both repeats it; it is done once, however often it was recorded. `kind`: a name that the table of
   * effects knows, which `undo` is given.
   */
  afterwards(kind: string, data: Part): Promise<void>;
}

const folderOf = (place: JournalPlace): string => path.join(place.folder, 'journal');

function refusal(edit: Edit, error: unknown): unknown {
  if (error instanceof Failure || !isNativeError(error)) return error;
  const code = errorCode(error);
  const denied = code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
  const what = denied
    ? `This user may not write ${edit.path} (${code}).`
    : error instanceof SyntaxError
      ? `${edit.path} is broken and is not repaired: ${error.message}.`
      : `${edit.path} can't be edited: ${error.message.split(', ')[0]}.`;
  const remedy =
    error instanceof SyntaxError
      ? 'Correct it by hand, or leave this wish out.'
      : denied
        ? 'Run this as a user who may, or leave this wish out.'
        : 'Name a regular file in a folder of yours, or leave this wish out.';
  return new Failure(2, [{ where: edit.wish, what, remedy }], { cause: error });
}

/** Folders that are missing on the way to a file, and those that we made for another one: whoever goes last removes them. */
function foldersFor(file: string, missing: readonly string[], ledgers: readonly Ledger[]): string[] {
  const others = ledgers.flatMap(({ folders }) => folders).filter((folder) => file.startsWith(folder + path.sep));
  return [...new Set([...others, ...missing])].sort((a, b) => a.length - b.length);
}

/** The ledger of an edit's file, as it is or new. */
async function ledgerFor(
  place: JournalPlace,
  edit: Edit,
): Promise<{ readonly ledger: Ledger; readonly known: boolean }> {
  const real = await realTarget(edit.path, place.places);
  const ledgers = await readLedgers(folderOf(place));
  const known = ledgers.find((ledger) => ledger.path === real.path);
  if (known !== undefined) return { ledger: known, known: true };
  const { dir, base } = path.parse(real.path);
  return {
    ledger: {
      path: real.path,
      base: null,
      mode: edit.mode,
      folders: foldersFor(real.path, real.missing, ledgers),
      layers: [],
      states: [],
      staging: path.join(dir, `.${base}.${randomUUID()}.tmp`),
    },
    known: false,
  };
}

/** The nearest folder that is there must be ours to write in: a file is replaced, never written over. */
async function checkFolder({ path: file, folders }: Ledger): Promise<void> {
  for (const folder of [path.dirname(file), ...folders.toReversed().map((made) => path.dirname(made))]) {
    try {
      await access(folder, constants.W_OK | constants.X_OK);
      return;
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }
}

/** Opens a journal. Nothing is on disk until the first change. */
export function openJournal(place: JournalPlace): Journal {
  const folder = folderOf(place);
  const layerOf = ({ editor, part }: Edit) => ({ owner: place.owner, editor, part });
  return {
    ...place,
    async check(edit) {
      try {
        const { ledger } = await ledgerFor(place, edit);
        const met = await meet(ledger);
        target(met.ledger, withLayer(met.ledger.layers, layerOf(edit)));
        await checkFolder(ledger);
      } catch (error) {
        throw refusal(edit, error);
      }
    },
    edit: (edit) =>
      withLock(folder, async () => {
        const { ledger: before, known } = await ledgerFor(place, edit).catch((error: unknown) => {
          throw refusal(edit, error);
        });
        try {
          const met = await meet(before);
          await settle(folder, met, withLayer(met.ledger.layers, layerOf(edit)));
        } catch (error) {
          if (known) await writeLedger(folder, before);
          else {
            await removeLedger(folder, before);
            await removeFolders(before.folders);
          }
          throw refusal(edit, error);
        }
      }),
    async files() {
      const ledgers = await readLedgers(folder);
      const isOurs = ({ layers }: Ledger): boolean => layers.some(({ owner }) => owner.id === place.owner.id);
      return ledgers.filter(isOurs).map(({ path: file }) => file);
    },
    takeBack: (edit) =>
      withLock(folder, async () => {
        const { ledger, known } = await ledgerFor(place, edit);
        if (!known) return;
        const met = await meet(ledger);
        const others = met.ledger.layers.filter((layer) => !isSameLayer(layer, layerOf(edit)));
        await settle(folder, met, others);
      }),
    afterwards: (kind, data) => withLock(folder, () => writeAfterwards(folder, { owner: place.owner, kind, data })),
  };
}
