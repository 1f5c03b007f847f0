/**
 * Loaded by `--import` into the program under test: counts every change of the file system below the folders of KILL_WATCH and ends the
 * process as a power cut would, before change number KILL_AT, or in the middle of it where that is a write of content. KILL_COUNT: file
 * that takes the number of changes. KILL_IN: the part of the action that is meant, `main` or `post`.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';

const watched = (process.env.KILL_WATCH ?? '').split(path.delimiter).filter((folder) => folder !== '');
const at = Number(process.env.KILL_AT ?? '0');
const isMeant = path.basename(path.dirname(process.argv[1] ?? '')) === process.env.KILL_IN;
const { promises } = fs;
let count = 0;

const isWatched = (file) =>
  isMeant &&
  typeof file === 'string' &&
  watched.some((folder) => file === folder || file.startsWith(folder + path.sep));

/** Counts a change; gives whether the process is to end at it. */
function next() {
  count += 1;
  if (process.env.KILL_COUNT) fs.writeFileSync(process.env.KILL_COUNT, String(count));
  return count === at;
}

function die() {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
}

for (const name of ['rename', 'unlink', 'rm', 'mkdir', 'rmdir', 'chmod', 'chown', 'link']) {
  const original = promises[name];
  promises[name] = (file, ...rest) => {
    if (isWatched(file) && next()) return die();
    return original(file, ...rest);
  };
}

const writeFile = promises.writeFile;
promises.writeFile = async (file, content, ...rest) => {
  if (isWatched(file) && next()) {
    fs.writeFileSync(file, content.slice(0, content.length / 2));
    return die();
  }
  return await writeFile(file, content, ...rest);
};

const open = promises.open;
promises.open = async (file, flags, ...rest) => {
  const writes = typeof flags === 'string' && /[wa+]/.test(flags);
  if (isWatched(file) && writes && next()) return await die();
  const handle = await open(file, flags, ...rest);
  if (isWatched(file) && writes) {
    const write = handle.writeFile.bind(handle);
    handle.writeFile = async (content, ...more) => {
      if (next()) {
        fs.writeSync(handle.fd, content.slice(0, content.length / 2));
        return await die();
      }
      return await write(content, ...more);
    };
  }
  return handle;
};

syncBuiltinESMExports();
