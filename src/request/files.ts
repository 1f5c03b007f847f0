import { dirname, resolve } from 'node:path';
import { isAddress } from '../packaging/address.js';
import { type Pylock, parsePylock } from '../packaging/pylock-format.js';
import { parseRequirement } from '../packaging/requirement.js';
import { Failure, type Problem } from '../values/failure.js';
import { redact } from '../values/mask.js';
import type { RequirementSet } from '../values/request.js';
import { withLocalHash } from './local-file.js';
import { expandVariables, logicalLines } from './logical-lines.js';
import { isOptionLine, parseOptionLine } from './option-lines.js';
import { readText, shownPath } from './read-text.js';
import { applyOption, type Draft, emptyDraft, finishDraft } from './requirement-set.js';

/** Where requirements are read: relative paths begin in `cwd`, `${NAME}` stands for a variable of `environment`. */
export interface ReadingContext {
  /** Absolute. */
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What was read, and everything that is wrong with it. */
export interface ReadRequirements {
  readonly set: RequirementSet;
  /** The lock that was given instead of requirements, or null. */
  readonly lock: Pylock | null;
  readonly problems: readonly Problem[];
}

type Role = 'requirement' | 'constraint';

interface Reading extends ReadingContext {
  readonly draft: Draft;
  readonly problems: Problem[];
  /** Files read so far, by role: a second mention adds nothing. */
  readonly seen: Set<string>;
}

async function addRequirement(reading: Reading, text: string, origin: string, role: Role): Promise<void> {
  const line = parseRequirement(text, origin, reading.cwd);
  if (role === 'requirement') {
    reading.draft.requirements.push(await withLocalHash(line, reading.problems));
    return;
  }
  if (line.editable || line.extras.length > 0 || line.normalised === null) {
    throw new SyntaxError(`\`${redact(text)}\` can't be a constraint: it takes a name and no extras`);
  }
  reading.draft.constraints.push(line);
}

/** Relative paths of a file's options begin in its own folder; those of an input where the command runs. */
function folderOf(chain: readonly string[], cwd: string): string {
  const file = chain.at(-1);
  return file === undefined ? cwd : dirname(file);
}

/**
 * Whether a blank tears an address apart inside its user name or password: the rest of the secret then stands alone, and nothing else
 * tells that it is one.
 */
function isTorn(text: string): boolean {
  let behindAddress = false;
  return text.split(/\s+/).some((word) => {
    const begins = word.includes('://');
    behindAddress ||= begins;
    return behindAddress && !begins && word.includes('@');
  });
}

async function readLine(
  reading: Reading,
  text: string,
  origin: string,
  role: Role,
  chain: readonly string[],
): Promise<void> {
  const { cwd, draft } = reading;
  if (!isOptionLine(text)) {
    await addRequirement(reading, text, origin, role);
    return;
  }
  for (const option of parseOptionLine(text)) {
    if (option.name === '--requirement' || option.name === '--constraint') {
      await readOne(
        reading,
        option.value,
        origin,
        option.name === '--constraint' ? 'constraint' : 'requirement',
        chain,
      );
    } else {
      applyOption(draft, option, origin, folderOf(chain, cwd));
    }
  }
}

async function readRaw(
  reading: Reading,
  raw: string,
  origin: string,
  role: Role,
  chain: readonly string[],
): Promise<void> {
  const text = expandVariables(raw, reading.environment);
  try {
    await readLine(reading, text, origin, role, chain);
  } catch (error) {
    if (!isTorn(text)) throw error;
    throw new SyntaxError('a blank in the user name or password of an address is written `%20`', { cause: error });
  }
}

async function readLines(
  reading: Reading,
  text: string,
  shown: string,
  role: Role,
  chain: readonly string[],
): Promise<void> {
  for (const { number, text: line } of logicalLines(text)) {
    const where = `${shown}:${number}`;
    try {
      await readRaw(reading, line, where, role, chain);
    } catch (error) {
      if (error instanceof Failure) {
        reading.problems.push(...error.problems);
      } else if (error instanceof SyntaxError) {
        reading.problems.push({
          where,
          what: `The line can't be read: ${redact(error.message)}.`,
          remedy: 'Correct the line.',
        });
      } else {
        throw error;
      }
    }
  }
}

/** Reads one file, named by a path, and those it names; `chain` are the files that led here. */
async function readOne(
  reading: Reading,
  named: string,
  where: string,
  role: Role,
  chain: readonly string[],
): Promise<void> {
  if (isAddress(named)) {
    reading.problems.push({
      where,
      what: `${JSON.stringify(redact(named))} is an address, not a file.`,
      remedy: 'Download the file first and name it by its path.',
    });
    return;
  }
  const path = resolve(folderOf(chain, reading.cwd), named);
  const shown = shownPath(path, reading.cwd);
  if (chain.includes(path)) {
    reading.problems.push({
      where,
      what: `${JSON.stringify(shown)} names itself, by way of ${chain.length} files.`,
      remedy: 'Take one of the lines out.',
    });
    return;
  }
  const key = `${role} ${path}`;
  if (reading.seen.has(key)) {
    return;
  }
  reading.seen.add(key);
  const text = await readText(path, shown, where);
  if (typeof text === 'string') {
    await readLines(reading, text, shown, role, [...chain, path]);
  } else {
    reading.problems.push(text);
  }
}

/** With `--require-hashes` every line has to carry a hash, as with pip. */
function missingHashes({ requirements, requireHashes }: Draft): Problem[] {
  return requireHashes === null
    ? []
    : requirements
        .filter(({ hashes }) => hashes.length === 0)
        .map(({ origin, text }) => ({
          where: origin,
          what: `\`${text}\` has no hash, which ${requireHashes} requires (--require-hashes).`,
          remedy: 'Write `--hash=sha256:...` behind it.',
        }));
}

function isLock(path: string): boolean {
  return /(?:^|[\\/])pylock(?:\.[^./\\]+)?\.toml$/.test(path);
}

/** A lock is complete: nothing may stand beside it. */
async function readLock(
  reading: Reading,
  paths: readonly string[],
  packages: string,
  where: string,
): Promise<{ path: string; lock: Pylock | null }> {
  const path = resolve(reading.cwd, paths.find(isLock) ?? '');
  const shown = shownPath(path, reading.cwd);
  if (paths.length > 1 || packages.trim() !== '') {
    reading.problems.push({
      where,
      what: `${JSON.stringify(shown)} is a lock and complete; nothing can be added to it by another file or by \`packages\`.`,
      remedy: 'Give the lock alone, or the requirements it was made from.',
    });
  }
  const text = await readText(path, shown, where);
  if (typeof text !== 'string') {
    reading.problems.push(text);
    return { path, lock: null };
  }
  try {
    return { path, lock: parsePylock(text, shown) };
  } catch (error) {
    if (!(error instanceof Failure)) {
      throw error;
    }
    reading.problems.push(...error.problems);
    return { path, lock: null };
  }
}

/**
 * Reads requirements files (nested ones too), `packages`, or a lock, and goes on behind a mistake so that all of them are told.
 * `where` names the two inputs in messages.
 */
export async function readRequirements(
  paths: readonly string[],
  packages: string,
  where: { readonly requirements: string; readonly packages: string },
  context: ReadingContext,
): Promise<ReadRequirements> {
  const reading: Reading = { ...context, draft: emptyDraft(), problems: [], seen: new Set() };
  if (paths.some(isLock)) {
    const { path, lock } = await readLock(reading, paths, packages, where.requirements);
    return { set: finishDraft(reading.draft, path), lock, problems: reading.problems };
  }
  for (const path of paths) {
    if (/\.toml$/i.test(path)) {
      reading.problems.push({
        where: where.requirements,
        what: `${JSON.stringify(path)} is no requirements file; of TOML files only \`pylock.toml\` and \`pylock.NAME.toml\` are read.`,
        remedy: 'Give a requirements file, or lock the project first.',
      });
    } else {
      await readOne(reading, path, where.requirements, 'requirement', []);
    }
  }
  await readLines(reading, packages, where.packages, 'requirement', []);
  return {
    set: finishDraft(reading.draft, null),
    lock: null,
    problems: [...reading.problems, ...missingHashes(reading.draft)],
  };
}
