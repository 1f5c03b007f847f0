import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseFilename } from '../packaging/filename.js';
import { Failure } from '../values/failure.js';
import type { StoredFile } from '../values/gateway.js';
import type { Interpreter } from '../values/interpreter.js';
import type { Lock, LockedFile } from '../values/lock.js';
import type { Notice } from '../values/log.js';
import type { Plan } from '../values/plan.js';
import type { Requirement } from '../values/requirement.js';
import type { IndexFile, ProjectPage } from '../values/source.js';
import { buildRequirements } from './build-requirements.js';
import { chooseFile } from './choose-file.js';
import { checkLinkHash } from './link-hash.js';
import { indexFile } from './lock-page.js';
import { filenameOf, type ResolvedPin } from './pins.js';

interface Wishes {
  readonly pins: readonly ResolvedPin[];
  readonly page: (project: string) => Promise<ProjectPage>;
  /** Brings a file: its hash checked, or first seen where the file lists none. */
  readonly fetch: (file: IndexFile) => Promise<StoredFile>;
  /** Brings what is behind a direct link. */
  readonly fetchLink: (url: string) => Promise<StoredFile>;
  /** The text of an sdist's `pyproject.toml`, or null where it has none. */
  readonly pyproject: (sdist: string) => Promise<string | null>;
  readonly interpreter: Pick<Interpreter, 'version' | 'tags'>;
  /** The user's lines and PaddlePaddle's, for the hashes that they pin. */
  readonly requirements: readonly Requirement[];
  readonly formats: readonly string[];
  readonly plan: Pick<Plan, 'device' | 'cuda' | 'distribution' | 'version'>;
  readonly key: string;
  readonly now: Date;
}

/** The lock, and what the user should know of it. */
export interface MadeLock {
  readonly lock: Lock;
  readonly notices: readonly Notice[];
  /** What building each sdist asks for (PEP 518): resolved when it is built, outside the lock. */
  readonly builds: readonly { readonly name: string; readonly requires: readonly string[] }[];
}

/** SHA-256 that the user's lines accept for a package; empty: any. */
export function acceptedHashes(name: string, requirements: readonly Requirement[]): Set<string> {
  const pinned = requirements.filter((line) => line.normalised === name).flatMap((line) => line.hashes);
  return new Set(pinned.map((hash) => hash.replace(/^sha256:/, '')));
}

/** Where the user pinned hashes, the file at hand has to have one of them. */
function checkHash(name: string, sha256: string, what: string, wishes: Wishes): void {
  const accepted = acceptedHashes(name, wishes.requirements);
  if (accepted.size === 0 || accepted.has(sha256)) return;
  const origin = wishes.requirements.find((line) => line.normalised === name)?.origin ?? name;
  const text = `${what} has the SHA-256 ${sha256}, which none of the --hash options of ${name} accepts.`;
  throw new Failure(2, [{ where: origin, what: text, remedy: 'Correct the hash, or find out who changed the file.' }]);
}

async function lockIndexPin(pin: ResolvedPin & { kind: 'index' }, wishes: Wishes): Promise<LockedFile> {
  const page = await wishes.page(pin.name);
  const accepted = acceptedHashes(pin.name, wishes.requirements);
  const { interpreter, formats } = wishes;
  const file = chooseFile({ ...pin, page, interpreter, formats, accepted });
  // A page that lists no hash (PaddlePaddle's) leaves one way to know it: the bytes, once.
  const seen = file.sha256 === null ? await wishes.fetch(file) : null;
  const sha256 = seen?.sha256 ?? file.sha256 ?? '';
  checkHash(pin.name, sha256, file.filename, wishes);
  const right = file.locations.filter((place) => place.sha256 === null || place.sha256 === sha256);
  return {
    name: pin.name,
    version: pin.version,
    filename: file.filename,
    kind: file.filename.endsWith('.whl') ? 'wheel' : 'sdist',
    size: seen?.size ?? file.size,
    sha256,
    hashOrigin: accepted.size > 0 ? 'lock' : (file.hashOrigin ?? 'first-seen'),
    urls: right.map(({ source, url }) => ({ source, url })),
    requiresPython: file.requiresPython,
  };
}

function namesOf(filename: string): {
  readonly name: string;
  readonly version: string;
  readonly kind: 'wheel' | 'sdist';
} {
  const file = parseFilename(filename);
  // Pins of links and local files were read from names that parse.
  if (file === null) throw new Error(`Not a distribution file: ${filename}`);
  return { name: file.name, version: file.version, kind: file.kind };
}

async function lockLinkPin(pin: ResolvedPin & { kind: 'link' }, wishes: Wishes): Promise<LockedFile> {
  const seen = await wishes.fetchLink(pin.url);
  const filename = filenameOf(pin.url);
  checkHash(pin.name, seen.sha256, filename, wishes);
  const line = wishes.requirements.find(({ normalised, kind }) => normalised === pin.name && kind === 'url');
  const vouched = line !== undefined && (await checkLinkHash(line, seen.path));
  const pinned = vouched || acceptedHashes(pin.name, wishes.requirements).size > 0;
  return {
    ...namesOf(filename),
    filename,
    size: seen.size,
    sha256: seen.sha256,
    hashOrigin: pinned ? 'lock' : 'first-seen',
    urls: [{ source: new URL(pin.url).host, url: pin.url }],
    requiresPython: null,
  };
}

async function lockLocalPin(pin: ResolvedPin & { kind: 'local' }, wishes: Wishes): Promise<LockedFile> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(pin.path), hash);
  const url = pathToFileURL(pin.path).href;
  const filename = filenameOf(url);
  const sha256 = hash.digest('hex');
  const names = namesOf(filename);
  checkHash(names.name, sha256, filename, wishes);
  const { size } = await stat(pin.path);
  return {
    ...names,
    filename,
    size,
    sha256,
    hashOrigin: 'local',
    urls: [{ source: 'local', url }],
    requiresPython: null,
  };
}

async function sdistBuild(file: LockedFile, wishes: Wishes): Promise<{ name: string; requires: string[] }> {
  const url = file.urls[0]?.url ?? '';
  const sdist = url.startsWith('file:') ? fileURLToPath(url) : (await wishes.fetch(indexFile(file))).path;
  return { name: file.name, requires: buildRequirements(await wishes.pyproject(sdist)) };
}

/** Waits for all and gives their values; what is wrong with any of them is thrown as one Failure, so that the user sees it at once. */
async function all<Value>(work: readonly (Promise<Value> | null)[]): Promise<Value[]> {
  const settled = await Promise.allSettled(work.filter((one) => one !== null));
  const reasons = settled.flatMap((one): unknown[] => (one.status === 'rejected' ? [one.reason] : []));
  const failures = reasons.filter((reason) => reason instanceof Failure);
  if (failures.length < reasons.length) throw reasons.find((reason) => !(reason instanceof Failure));
  const [first] = failures;
  if (first !== undefined)
    throw new Failure(
      first.exitCode,
      failures.flatMap(({ problems }) => problems),
      { cause: first },
    );
  return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

function noticesOf(files: readonly LockedFile[], unhashed: readonly string[]): Notice[] {
  const sdists = files.filter((file) => file.kind === 'sdist');
  const firstSeen = files.filter((file) => file.hashOrigin === 'first-seen');
  return [
    ...sdists.map((file) => ({
      id: `sdist-${file.name}`,
      text: `${file.name} ${file.version} has no wheel for this interpreter: it is built from ${file.filename}, which runs its code and needs build tools.`,
    })),
    ...firstSeen.map((file) => ({
      id: `first-seen-${file.name}`,
      text: `No source publishes a hash for ${file.filename}: the one first seen is pinned (sha256 ${file.sha256}).`,
    })),
    ...unhashed.map((line) => ({ id: `unhashed-${line}`, text: `\`${line}\` has no hash that could be checked.` })),
  ];
}

/**
 * Makes the lock of what was resolved: for each package the one file that this interpreter takes, with every public address.
 * A file without a published hash is brought now, once, and its hash pinned.
 * Throws Failure(1) where a page or file can't be had, Failure(2) where a file has none of the hashes that the user pinned.
 */
export async function makeLock(wishes: Wishes): Promise<MadeLock> {
  const unhashed = wishes.pins.flatMap((pin) => (pin.kind === 'unhashed' ? [pin.line] : []));
  const locked = await all(
    wishes.pins.map((pin) => {
      if (pin.kind === 'index') return lockIndexPin(pin, wishes);
      if (pin.kind === 'link') return lockLinkPin(pin, wishes);
      return pin.kind === 'local' ? lockLocalPin(pin, wishes) : null;
    }),
  );
  const files = locked.sort((a, b) => (a.name < b.name ? -1 : 1));
  const builds = await all(files.filter((file) => file.kind === 'sdist').map((file) => sdistBuild(file, wishes)));
  const { device, cuda, distribution, version } = wishes.plan;
  const lock: Lock = {
    requiresPython: `>=${wishes.interpreter.version.split('.').slice(0, 2).join('.')}`,
    device,
    cuda,
    distribution,
    paddleVersion: version,
    files,
    unhashed,
    created: wishes.now.toISOString(),
    key: wishes.key,
  };
  return { lock, notices: noticesOf(files, unhashed), builds };
}
