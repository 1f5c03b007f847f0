import { createHash, randomUUID } from 'node:crypto';
import { lstat, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import type { ProcessMark } from '../process/mark.js';
import { errorCode } from '../values/system-error.js';
import type { Part } from './editor.js';
import { type FileState, replaceFile } from './journal-file.js';

/** Whose changes these are, and until when they stand. */
export interface JournalOwner {
  /** One for each run of the program in a job; for what is kept one a runner, so that a later wish takes the place of an earlier one. */
  readonly id: string;
  /** `job`: undone at the end of the job; `keep`: undone only when asked for. */
  readonly scope: 'job' | 'keep';
  /** One runner or one user's shell. */
  readonly runner: string;
  /** The job; a runner has one at a time. Empty where the system gives jobs no names. */
  readonly run: string;
  /** The process that runs the job's steps, so that a killed job can be told from a living one; null where it lies outside of what is seen here. */
  readonly parent: ProcessMark | null;
}

/** One owner's part in a file. */
export interface Layer {
  readonly owner: JournalOwner;
  /** Name of the editor that puts it in and takes it out. */
  readonly editor: string;
  readonly part: Part;
}

/** What is known about one edited file: enough to undo any owner's part, with or without the others'. */
export interface Ledger {
  /** Absolute path, links resolved. */
  readonly path: string;
  /** What was there before the first layer; null: nothing. */
  readonly base: FileState | null;
  /** Mode of the file where there is no base. */
  readonly mode: number;
  /** Folders that we made or are about to make for it, outermost first. */
  readonly folders: readonly string[];
  /** Oldest first. */
  readonly layers: readonly Layer[];
  /** States (see `stateMark`) in which we leave the file, before and after the change that is under way: any other one is somebody else's work. */
  readonly states: readonly string[];
  /** Staging file next to it, left behind by a process that is killed. */
  readonly staging: string;
}

/** Something to be done once the files of an owner are back, such as telling a daemon. */
export interface Afterwards {
  readonly owner: JournalOwner;
  /** Name of the effect. */
  readonly kind: string;
  readonly data: Part;
}

async function write(file: string, value: unknown): Promise<void> {
  await replaceFile(file, `${file}.${randomUUID()}.tmp`, Buffer.from(JSON.stringify(value)), 0o600, null);
}

const nameOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);
const ledgerFile = (folder: string, target: string): string => path.join(folder, `file-${nameOf(target)}.json`);
const effectFile = (folder: string, effect: Afterwards): string =>
  path.join(folder, `after-${nameOf(JSON.stringify([effect.owner.id, effect.kind, effect.data]))}.json`);

/** Writes a ledger, flushed to the disk. */
export async function writeLedger(folder: string, ledger: Ledger): Promise<void> {
  const { base } = ledger;
  const kept = base === null ? null : { ...base, content: base.content.toString('base64') };
  await write(ledgerFile(folder, ledger.path), { ...ledger, base: kept });
}

export async function removeLedger(folder: string, ledger: Ledger): Promise<void> {
  await rm(ledgerFile(folder, ledger.path), { force: true });
}

/** Writes an effect, flushed to the disk; the same one of the same owner is kept once. */
export async function writeAfterwards(folder: string, effect: Afterwards): Promise<void> {
  await write(effectFile(folder, effect), effect);
}

export async function removeAfterwards(folder: string, effect: Afterwards): Promise<void> {
  await rm(effectFile(folder, effect), { force: true });
}

/** A journal of another user, met by root with that user's home, would have root write what and where that user likes. */
async function isOwn(file: string): Promise<boolean> {
  const found = await lstat(file);
  return found.isFile() && (process.getuid === undefined || found.uid === process.getuid());
}

async function readAll(folder: string, prefix: string): Promise<unknown[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  });
  const files = names
    .filter((name) => name.startsWith(prefix) && name.endsWith('.json'))
    .sort()
    .map((name) => path.join(folder, name));
  const values: unknown[] = [];
  for (const file of files) if (await isOwn(file)) values.push(JSON.parse(await readFile(file, 'utf8')));
  return values;
}

/** Every ledger in the folder that this user wrote. */
export async function readLedgers(folder: string): Promise<Ledger[]> {
  type Written = Omit<Ledger, 'base'> & { readonly base: (Omit<FileState, 'content'> & { content: string }) | null };
  return ((await readAll(folder, 'file-')) as Written[]).map((ledger) => {
    const { base } = ledger;
    return { ...ledger, base: base === null ? null : { ...base, content: Buffer.from(base.content, 'base64') } };
  });
}

/** Every effect that is still to be done, of this user's. */
export async function readAfterwards(folder: string): Promise<Afterwards[]> {
  return (await readAll(folder, 'after-')) as Afterwards[];
}
