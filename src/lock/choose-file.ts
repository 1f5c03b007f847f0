import { parseFilename } from '../packaging/filename.js';
import { bestWheel } from '../packaging/tags.js';
import { compareVersions, satisfies } from '../packaging/version.js';
import { Failure } from '../values/failure.js';
import type { Interpreter } from '../values/interpreter.js';
import type { IndexFile, ProjectPage } from '../values/source.js';
import { formatsFor } from './formats.js';

interface Choice {
  /** Normalised. */
  readonly name: string;
  readonly version: string;
  readonly page: ProjectPage;
  readonly interpreter: Pick<Interpreter, 'version' | 'tags'>;
  readonly formats: readonly string[];
  /** SHA-256 that the user accepts; empty: any. */
  readonly accepted: ReadonlySet<string>;
}

/** sdists come as `.tar.gz` (PEP 625); older files may lie beside it. */
function bestSdist(files: readonly IndexFile[]): IndexFile | null {
  const sdists = files.filter((file) => parseFilename(file.filename)?.kind === 'sdist');
  return sdists.find((file) => file.filename.endsWith('.tar.gz')) ?? sdists[0] ?? null;
}

/**
 * The one file of a resolved version that the interpreter takes: the best wheel, else the sdist; a yanked one (PEP 592) only where
 * nothing else is there. Throws Failure(1) where the page has none, Failure(2) where the user's hashes leave none.
 */
export function chooseFile(choice: Choice): IndexFile {
  const { name, version, page, interpreter, accepted } = choice;
  const allowed = formatsFor(name, choice.formats);
  // Far fewer versions than files: a page may list thousands.
  const versions = new Set(page.files.map((file) => parseFilename(file.filename)?.version ?? version));
  const spellings = new Set([...versions].filter((listed) => compareVersions(listed, version) === 0));
  const ofVersion = page.files.filter((file) => {
    const parsed = parseFilename(file.filename);
    const fits = parsed?.name === name && spellings.has(parsed.version) && allowed[parsed.kind];
    return (
      fits &&
      (file.requiresPython === null || satisfies(interpreter.version, file.requiresPython, { prereleases: true }))
    );
  });
  // A file that lists no hash may still turn out to have an accepted one.
  const right = ofVersion.filter(({ sha256 }) => accepted.size === 0 || sha256 === null || accepted.has(sha256));
  const unyanked = right.filter((file) => file.yanked === null);
  const pick = (files: readonly IndexFile[]): IndexFile | null =>
    bestWheel(files, interpreter.tags) ?? bestSdist(files);
  const file = pick(unyanked) ?? pick(right);
  if (file !== null) return file;
  if (pick(ofVersion) !== null) {
    const what = `No file of ${name} ${version} has a hash that its --hash options accept.`;
    throw new Failure(2, [{ where: name, what, remedy: 'Add the hash of the file for this Python and platform.' }]);
  }
  const faults = page.faults.map((fault) => ` ${fault.source}: ${fault.detail}.`).join('');
  const what = `${name} ${version} was resolved, but no file of it for this interpreter is listed any more.${faults}`;
  throw new Failure(1, [
    { where: name, what, remedy: 'Run it again; if it stays so, name another index with mirrors.' },
  ]);
}
