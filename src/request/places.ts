import { constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { isAddress } from '../packaging/address.js';
import { homeFolder } from '../process/folders.js';
import { contextNames } from '../values/images.js';
import { type Given, type Report, show } from './rules.js';

/** Absolute path of a file or folder input, `~/` taken for the home folder; null where nothing was given or after a report. */
export function readPath(given: Given, cwd: string, report: Report): string | null {
  if (given.text === '') {
    return null;
  }
  if (hasControl(given.text)) {
    report({
      where: given.where,
      what: `The path ${show(given.text)} holds a control character.`,
      remedy: 'Write one path on one line.',
    });
    return null;
  }
  if (isAddress(given.text)) {
    report({
      where: given.where,
      what: `${show(given.text)} is an address, not a path.`,
      remedy: 'Write a path of this machine.',
    });
    return null;
  }
  return /^~(?=$|[/\\])/.test(given.text) ? join(homeFolder(), given.text.slice(1)) : resolve(cwd, given.text);
}

/** Whether a text holds a line end, NUL or another character that no name has. */
export function hasControl(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

function kindOf(path: string): Promise<'file' | 'folder' | 'none' | 'closed'> {
  return stat(path).then(
    (found) => (found.isDirectory() ? 'folder' : 'file'),
    ({ code }: NodeJS.ErrnoException) => (code === 'ENOENT' ? 'none' : code === 'ENOTDIR' ? 'file' : 'closed'),
  );
}

/** The path itself where it exists, else the nearest folder above it that does. */
async function nearestExisting(path: string): Promise<string> {
  let nearest = path;
  while ((await kindOf(nearest)) === 'none' && dirname(nearest) !== nearest) {
    nearest = dirname(nearest);
  }
  return nearest;
}

function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}

/** A folder that is there, or could be: what is only looked at. Gives the nearest one that is there, or null after a report. */
export async function checkReadFolder(given: Given, path: string, report: Report): Promise<string | null> {
  const nearest = await nearestExisting(path);
  const kind = await kindOf(nearest);
  if (kind === 'folder') {
    return nearest;
  }
  report({
    where: given.where,
    what: `${show(path)} can't be a folder: ${show(nearest)} is ${kind === 'file' ? 'a file' : 'closed to this user'}.`,
    remedy: 'Name a folder that exists or can be made.',
  });
  return null;
}

/** A folder that this user can write, or one that can be made: the cache, a new environment. */
export async function checkFolder(given: Given, path: string, report: Report): Promise<void> {
  const nearest = await checkReadFolder(given, path, report);
  if (nearest !== null && !(await isWritable(nearest))) {
    report({
      where: given.where,
      what: `${show(path)} can't be written: this user may not write in ${show(nearest)}.`,
      remedy: 'Name a folder of this user, or let the user write there.',
    });
  }
}

/** The folder of a build is empty, not there yet, or one that an earlier run filled: it is filled anew each time. */
export async function checkContextFolder(given: Given, path: string, report: Report): Promise<void> {
  if ((await kindOf(path)) !== 'folder') return checkFolder(given, path, report);
  const entries = await readdir(path).catch(() => null);
  const strange = entries?.filter((name) => !contextNames.some((own) => own === name)) ?? [];
  if (entries === null || strange.length > 0) {
    const held = strange.slice(0, 3).join(', ');
    report({
      where: given.where,
      what: `${show(path)} ${entries === null ? "can't be read by this user" : `has other things in it (${held})`}.`,
      remedy: 'Name a folder that is empty, is not there yet, or was filled by an earlier run.',
    });
    return;
  }
  await checkFolder(given, path, report);
}

/** A virtual environment is one that exists, or is made in an empty place: nothing of the user's is ever overwritten. */
export async function checkVenv(given: Given, path: string, report: Report): Promise<void> {
  const kind = await kindOf(path);
  if (kind === 'file') {
    report({
      where: given.where,
      what: `${show(path)} is a file or lies in one.`,
      remedy: 'Name a folder that is a virtual environment, is empty or is not there yet.',
    });
    return;
  }
  if (path.includes(delimiter)) {
    report({
      where: given.where,
      what: `${show(path)} holds ${show(delimiter)}, which parts the folders of PATH: no later step would find what is in it.`,
      remedy: 'Name a folder without it.',
    });
    return;
  }
  const entries = kind === 'folder' ? await readdir(path).catch(() => null) : [];
  if (kind === 'closed' || entries === null) {
    report({
      where: given.where,
      what: `${show(path)} can't be read by this user.`,
      remedy: 'Name a folder of this user.',
    });
  } else if (entries.length > 0 && !entries.includes('pyvenv.cfg')) {
    report({
      where: given.where,
      what: `${show(path)} is a folder with other things in it (${entries.slice(0, 3).join(', ')}) and no virtual environment.`,
      remedy: 'Name a folder that is a virtual environment, is empty or is not there yet.',
    });
  } else if (entries.length === 0) {
    await checkFolder(given, path, report);
  }
}

/** A file that is written at the end: its folder has to be there at the beginning, and a pipe or a device in its place could hold the run up. */
export async function checkOutputFile(given: Given, path: string, report: Report): Promise<void> {
  const folder = dirname(path);
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory()) {
    report({ where: given.where, what: `${show(path)} is a folder.`, remedy: 'Name a file in it.' });
  } else if ((await kindOf(folder)) !== 'folder') {
    report({
      where: given.where,
      what: `The folder ${show(folder)} does not exist.`,
      remedy: 'Make it first, or name a file elsewhere.',
    });
  } else if (found !== null && !found.isFile()) {
    report({
      where: given.where,
      what: `${show(path)} is no regular file.`,
      remedy: 'Name a file that exists or can be made.',
    });
  } else if (!(await isWritable(folder)) || (found !== null && !(await isWritable(path)))) {
    report({
      where: given.where,
      what: `This user may not write ${found === null ? `in ${show(folder)}` : show(path)}.`,
      remedy: 'Name a file in a folder of this user.',
    });
  }
}
