import { rm, unlink } from 'node:fs/promises';
import path from 'node:path';
import { type EditorName, editorNamed } from './editors.js';
import {
  type FileState,
  makeFolders,
  readState,
  removeFolders,
  replaceFile,
  stateMark,
  syncFolder,
} from './journal-file.js';
import { type Layer, type Ledger, removeLedger, writeLedger } from './journal-ledger.js';

/** How a file was found. */
export type Found = 'ours' | 'changed' | 'deleted';

function decode(content: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
  } catch (error) {
    throw new SyntaxError('it is not UTF-8', { cause: error });
  }
}

const textOfState = (state: FileState | null): string | null => (state === null ? null : decode(state.content));

function replay(base: FileState | null, layers: readonly Layer[]): string | null {
  return layers.reduce(
    (text: string | null, { editor, part }) => editorNamed(editor).put(text, part),
    textOfState(base),
  );
}

/** What a ledger would hold had somebody else's change been there from the beginning: all layers taken out of the file as it is now. */
function rebase(ledger: Ledger, now: FileState): Ledger {
  let text: string | null = decode(now.content);
  for (const [at, { editor, part }] of [...ledger.layers.entries()].toReversed()) {
    if (text !== null) text = editorNamed(editor).take(text, part, replay(ledger.base, ledger.layers.slice(0, at)));
  }
  return { ...ledger, base: text === null ? null : { ...now, content: Buffer.from(text) } };
}

/** The ledger as it stands on the file of now, with how that was found. Throws Error or SyntaxError where the file can't be read or is broken. */
export async function meet(
  ledger: Ledger,
): Promise<{ readonly ledger: Ledger; readonly found: Found; readonly now: FileState | null }> {
  const now = await readState(ledger.path);
  if (ledger.states.includes(stateMark(now))) return { ledger, found: 'ours', now };
  if (now === null) return { ledger: { ...ledger, base: null, layers: [] }, found: 'deleted', now };
  return { ledger: rebase(ledger, now), found: 'changed', now };
}

/** The file with these layers on the ledger's base; null: no file. Throws SyntaxError where the base is broken. */
export function target({ base, mode }: Ledger, layers: readonly Layer[]): FileState | null {
  if (layers.length === 0) return base;
  const content = Buffer.from(replay(base, layers) ?? '');
  return base === null ? { content, mode, uid: -1, gid: -1 } : { ...base, content };
}

/**
 * Brings a file that was met to these layers: recorded first, then replaced in one step, then recorded as done. Killed at any point, the
 * ledger tells the file's state as ours, and the same call comes to the same end.
 */
export async function settle(
  folder: string,
  { ledger, now }: { readonly ledger: Ledger; readonly now: FileState | null },
  layers: readonly Layer[],
): Promise<void> {
  const wanted = target(ledger, layers);
  const same = stateMark(now) === stateMark(wanted);
  await rm(ledger.staging, { force: true });
  // A layer that leaves stays on record until it is out, one that comes is on record before it is in.
  const during = layers.length < ledger.layers.length ? ledger.layers : layers;
  await writeLedger(folder, { ...ledger, layers: during, states: [stateMark(now), stateMark(wanted)] });
  if (wanted === null) {
    if (now !== null) {
      await unlink(ledger.path);
      await syncFolder(path.dirname(ledger.path));
    }
  } else if (!same) {
    await makeFolders(ledger.folders);
    await replaceFile(ledger.path, ledger.staging, wanted.content, wanted.mode, ledger.base);
  }
  if (layers.length > 0) {
    if (layers !== during) await writeLedger(folder, { ...ledger, layers, states: [stateMark(wanted)] });
    return;
  }
  await removeFolders(ledger.folders);
  await removeLedger(folder, ledger);
}

/** Whether two layers are one owner's of one editor, whatever their parts. */
export function isSameLayer(one: Layer, other: Layer): boolean {
  return one.owner.id === other.owner.id && one.editor === other.editor;
}

/** A layer of an owner, and the same one with another part. */
export function withLayer(layers: readonly Layer[], layer: Layer & { readonly editor: EditorName }): Layer[] {
  const same = (other: Layer): boolean => isSameLayer(other, layer);
  return layers.some(same) ? layers.map((other) => (same(other) ? layer : other)) : [...layers, layer];
}
