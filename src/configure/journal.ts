import { randomUUID } from 'node:crypto';
import { lstat, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { digest, type FileChange, readRegular, replaceFile, undoChange } from './journal-file.js';

/** Whose changes these are, and until when they stand. */
export interface JournalOwner {
  /** `job`: undone at the end of the job; `keep`: undone only when asked for. */
  readonly scope: 'job' | 'keep';
  /** One runner or one user's shell: it finds what its own last run left, and never touches what another runner's job still uses. */
  readonly runner: string;
  /** The job, so that its last step finds what its first step wrote. */
  readonly run: string;
}

/** Every change to the machine goes through it. */
export interface Journal {
  /** Its file; what `undoJournal` takes. */
  readonly file: string;
  /**
   * Writes a file: recorded and on disk first, then replaced in one step. A new file gets `mode`, an existing one keeps its own.
   * Throws Error where the path is a link or a folder, or can't be written.
   */
  writeFile(file: string, content: string, mode: number): Promise<void>;
}

/** What became of the changes of one journal. */
export interface Undone {
  readonly undone: readonly string[];
  /** Files that somebody else changed since, with what was seen: left as they are. */
  readonly left: readonly { readonly path: string; readonly why: string }[];
}

async function append(file: string, entry: JournalOwner | FileChange): Promise<void> {
  const handle = await open(file, 'a', 0o600);
  try {
    await handle.writeFile(`\n${JSON.stringify(entry)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Begins a journal in the state folder. Nothing is on disk until the first change. */
export function openJournal(folder: string, owner: JournalOwner): Journal {
  const file = path.join(folder, 'journal', `${new Date().toISOString().replaceAll(':', '')}-${randomUUID()}.jsonl`);
  let begun = false;
  return {
    file,
    async writeFile(target, content, mode) {
      if (!begun) {
        await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
        await append(file, owner);
        begun = true;
      }
      const bytes = Buffer.from(content);
      const now = await readRegular(target);
      const before = now === null ? null : { content: now.content.toString('base64'), mode: now.mode };
      await append(file, { path: target, before, after: digest(bytes) });
      await replaceFile(target, bytes, now?.mode ?? mode);
    },
  };
}

/** A line may be half written (power cut, full disk): the change it speaks of was never made, so there is nothing to undo. */
function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}

function isChange(entry: unknown): entry is FileChange {
  return typeof entry === 'object' && entry !== null && 'path' in entry && 'before' in entry && 'after' in entry;
}

function isOwner(entry: unknown): entry is JournalOwner {
  return typeof entry === 'object' && entry !== null && 'scope' in entry && 'runner' in entry && 'run' in entry;
}

async function readJournal(file: string): Promise<{ owner: JournalOwner | null; changes: FileChange[] }> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const entries = text.split('\n').map(parseLine);
  return { owner: entries.find(isOwner) ?? null, changes: entries.filter(isChange) };
}

/**
 * Undoes a journal's changes, the last one first, and removes it; a change that the system would not let it undo keeps no other one, and
 * keeps the journal. A journal that is gone has nothing to undo.
 */
export async function undoJournal(file: string): Promise<Undone> {
  const { changes } = await readJournal(file);
  const undone: string[] = [];
  const left: { path: string; why: string }[] = [];
  let refused = false;
  for (const change of changes.reverse()) {
    const why = await undoChange(change).catch((error: NodeJS.ErrnoException) => {
      refused ||= error.code !== undefined;
      return error.message;
    });
    if (why === null) undone.push(change.path);
    else left.push({ path: change.path, why });
  }
  if (!refused) await rm(file, { force: true });
  return { undone, left };
}

/** A journal of another user, met by root with that user's home, would have root write what and where that user likes. */
async function isOwn(file: string): Promise<boolean> {
  const found = await lstat(file);
  return found.isFile() && (process.getuid === undefined || found.uid === process.getuid());
}

/**
 * Journals of this user that are to be undone now: with `run`, what earlier jobs of this runner left because they were killed (scope `job`, another
 * run); without, everything of every scope, for `restore`. The newest first: two may have changed one file.
 */
export async function openJournals(folder: string, runner: string, run: string | null): Promise<string[]> {
  const names = await readdir(path.join(folder, 'journal')).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files = names
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .reverse()
    .map((name) => path.join(folder, 'journal', name));
  const own = await Promise.all(files.map(isOwn));
  const read = await Promise.all(
    files.filter((_, at) => own[at] === true).map(async (file) => ({ file, ...(await readJournal(file)) })),
  );
  const due = read.filter(({ owner }) => {
    if (run === null) return owner === null || owner.runner === runner;
    return owner?.scope === 'job' && owner.runner === runner && owner.run !== run;
  });
  return due.map(({ file }) => file);
}
