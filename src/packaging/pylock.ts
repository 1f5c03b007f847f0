import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Failure, type Problem } from '../values/failure.js';
import type { Lock, LockedFile } from '../values/lock.js';
import { parseAddress } from './address.js';
import { parseFilename } from './filename.js';
import { evaluateMarker } from './marker.js';
import type { MarkerEnvironment } from './marker-environment.js';
import { normalise } from './name.js';
import {
  formatPylock,
  type Pylock,
  type PylockFile,
  type PylockPackage,
  parsePylock,
  type Table,
} from './pylock-format.js';
import { bestWheel } from './tags.js';
import { isSpecifier, satisfies } from './version.js';

interface Target {
  readonly tags: readonly string[];
  readonly environment: MarkerEnvironment;
  readonly folder: string | null;
}

const ours = 'paddle-mirror-setup';
const hashOrigins = ['lock', 'official', 'agreement', 'index', 'first-seen', 'local'] as const;

/** A patch version in it would refuse the lock on every older patch of the same Python. */
function withoutPatch(requiresPython: string): string {
  return requiresPython.replace(/(>=\s*\d+\.\d+)(?:\.\d+)+/g, '$1');
}

/**
 * Writes a Lock as `pylock.toml` (PEP 751) that pip and uv read without us: each package with its one file, the first address of it,
 * size and hash. What the standard has no word for stands under `tool.paddle-mirror-setup`.
 * A `requires-python` that is no specifier, as some old packages state it, is left out: pip and uv would refuse the whole lock.
 */
export function toPylock(lock: Lock): string {
  const packages = lock.files.map((file): PylockPackage => {
    const [first, ...others] = file.urls;
    const listed: PylockFile = {
      name: file.filename,
      url: first?.url ?? null,
      path: null,
      size: file.size,
      hashes: { sha256: file.sha256 },
    };
    return {
      name: file.name,
      version: file.version,
      marker: null,
      requiresPython: file.requiresPython !== null && isSpecifier(file.requiresPython) ? file.requiresPython : null,
      index: null,
      wheels: file.kind === 'wheel' ? [listed] : [],
      sdist: file.kind === 'sdist' ? listed : null,
      archive: null,
      vcs: null,
      directory: null,
      tool: { [ours]: { 'hash-origin': file.hashOrigin, source: first?.source ?? '', other: others } },
    };
  });
  const { device, cuda, distribution, created, key, unhashed } = lock;
  return formatPylock({
    createdBy: ours,
    requiresPython: withoutPatch(lock.requiresPython),
    environments: [],
    defaultGroups: [],
    packages,
    tool: {
      [ours]: {
        device,
        ...(cuda === null ? {} : { cuda }),
        distribution,
        'paddle-version': lock.paddleVersion,
        created,
        key,
        unhashed,
      },
    },
  });
}

function ownTable(tool: Table): Table {
  const table = tool[ours];
  return typeof table === 'object' && table !== null ? (table as Table) : {};
}

function ownText(table: Table, key: string): string {
  const value = table[key];
  return typeof value === 'string' ? value : '';
}

function applies(locked: PylockPackage, pylock: Pylock, { environment }: Target): boolean {
  const marked =
    locked.marker === null ||
    evaluateMarker(locked.marker, environment, { dependencyGroups: pylock.defaultGroups, extras: [] });
  return marked && satisfies(environment.python_full_version, locked.requiresPython ?? '', { prereleases: true });
}

/** Other addresses of a file that we wrote ourselves: `[{ source, url }]`. */
function otherAddresses(own: Table): LockedFile['urls'] {
  const others: unknown[] = Array.isArray(own['other']) ? own['other'] : [];
  return others
    .filter((other) => typeof other === 'object' && other !== null)
    .map((other) => ({ source: ownText(other as Table, 'source'), url: ownText(other as Table, 'url') }))
    .filter(({ url }) => URL.canParse(url));
}

function locate(path: string, folder: string | null): string {
  if (folder === null) {
    throw new SyntaxError('it has a path instead of an address');
  }
  return resolve(folder, path);
}

/** Throws SyntaxError with a phrase that says why the package can't be had as locked. */
function lockFile(locked: PylockPackage, { tags, folder }: Target): LockedFile {
  const wheel = bestWheel(
    locked.wheels.map((file) => ({ filename: file.name, file })),
    tags,
  );
  const file = wheel?.file ?? locked.sdist ?? locked.archive;
  if (file === null) {
    throw new SyntaxError('it has no file that this interpreter takes');
  }
  const told = parseFilename(file.name);
  if (told !== null && told.name !== normalise(locked.name)) {
    throw new SyntaxError(`it lists \`${file.name}\`, which is a file of \`${told.name}\``);
  }
  // The name becomes part of a path in the store.
  if (!/^\w[\w.+!-]*$/.test(file.name)) {
    throw new SyntaxError(`it lists \`${file.name}\`, which is no name of a file`);
  }
  const version = locked.version ?? told?.version;
  const sha256 = file.hashes['sha256'];
  if (version === undefined || sha256 === undefined || !/^[0-9a-f]{64}$/.test(sha256)) {
    throw new SyntaxError(version === undefined ? 'it has no version' : `it has no sha256 for \`${file.name}\``);
  }
  const own = ownTable(locked.tool);
  const address = file.url ?? pathToFileURL(locate(file.path ?? '', folder)).href;
  if (!address.startsWith('file:') && parseAddress(address).credentials !== null) {
    throw new SyntaxError('it has credentials in an address');
  }
  return {
    name: normalise(locked.name),
    version,
    filename: file.name,
    kind: wheel === null && told?.kind !== 'wheel' ? 'sdist' : 'wheel',
    size: file.size,
    sha256,
    hashOrigin: hashOrigins.find((origin) => origin === own['hash-origin']) ?? 'lock',
    urls: [{ source: ownText(own, 'source') || 'lock', url: address }, ...otherAddresses(own)],
    requiresPython: locked.requiresPython,
  };
}

/** The line for what no hash can prove: a repository at a commit, or a folder. */
function unhashedLine({ name, vcs, directory }: PylockPackage, folder: string | null): string | null {
  if (vcs !== null) {
    return `${name} @ ${vcs.type}+${vcs.url}@${vcs.commit}`;
  }
  return directory === null ? null : `${directory.editable ? '-e ' : ''}${locate(directory.path, folder)}`;
}

/**
 * Reads a `pylock.toml` for one interpreter: our own gives back the Lock it was written from; of one by uv or pip markers and tags choose
 * the packages and one file each, and `device`, `key` and `created` are '' because such a file doesn't tell them.
 * `tags` are in order of preference (see `compatibleTags`); `folder` is the absolute folder in which the lock's relative paths begin,
 * null where it can have none. Throws Failure (exit code 2) that names all that is wrong.
 */
export function fromPylock(
  text: string,
  origin: string,
  tags: readonly string[],
  environment: MarkerEnvironment,
  folder: string | null = null,
): Lock {
  const target: Target = { tags, environment, folder };
  const pylock = parsePylock(text, origin);
  const problems: Problem[] = [];
  const complain = (what: string): void => {
    problems.push({
      where: origin,
      what,
      remedy: 'Make a lock for this interpreter, or install with the one it was made for.',
    });
  };
  const attempt = <Value>(subject: string, work: () => Value): Value | undefined => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof SyntaxError)) {
        throw error;
      }
      complain(`${subject} ${error.message}.`);
      return undefined;
    }
  };
  if (!satisfies(environment.python_full_version, pylock.requiresPython ?? '', { prereleases: true })) {
    complain(`it is made for Python ${pylock.requiresPython}; this one is ${environment.python_full_version}.`);
  }
  const fits = attempt('`environments`:', () =>
    pylock.environments.filter((marker) => evaluateMarker(marker, environment)),
  );
  if (fits?.length === 0 && pylock.environments.length > 0) {
    complain(`it is made for other machines: \`${pylock.environments.join('`, `')}\`.`);
  }
  const packages = pylock.packages.filter((locked) =>
    attempt(`the marker of package \`${locked.name}\`:`, () => applies(locked, pylock, target)),
  );
  const seen = new Set<string>();
  const files: LockedFile[] = [];
  const unhashed: string[] = [];
  for (const locked of packages) {
    if (seen.has(normalise(locked.name))) {
      complain(`package \`${locked.name}\` stands in it more than once for this interpreter.`);
    }
    seen.add(normalise(locked.name));
    attempt(`package \`${locked.name}\`:`, () => {
      const line = unhashedLine(locked, folder);
      if (line === null) {
        files.push(lockFile(locked, target));
      } else {
        unhashed.push(line);
      }
    });
  }
  if (problems.length > 0) {
    throw new Failure(2, problems);
  }
  const own = ownTable(pylock.tool);
  const paddle = files.find(({ name }) => /^paddlepaddle(?:-[a-z]+)?$/.test(name));
  const ownUnhashed: unknown = own['unhashed'];
  return {
    requiresPython: withoutPatch(pylock.requiresPython ?? `>=${environment.python_version}`),
    device: ownText(own, 'device'),
    cuda: ownText(own, 'cuda') || null,
    distribution: ownText(own, 'distribution') || (paddle?.name ?? ''),
    paddleVersion: ownText(own, 'paddle-version') || (paddle?.version ?? ''),
    files,
    unhashed: Array.isArray(ownUnhashed) ? ownUnhashed.map(String) : unhashed,
    created: ownText(own, 'created'),
    key: ownText(own, 'key'),
  };
}
