import { parse, stringify, TomlError } from 'smol-toml';
import { Failure, type Problem } from '../values/failure.js';
import { isName } from './name.js';
import { isSpecifier, isVersion } from './version.js';

/** A TOML table as it was read. */
export type Table = Readonly<Record<string, unknown>>;

/** One wheel, sdist or archive of a lock (PEP 751). One of `url` and `path` is there. */
export interface PylockFile {
  readonly name: string;
  readonly url: string | null;
  /** Relative to the lock's folder, or absolute. */
  readonly path: string | null;
  /** Bytes. */
  readonly size: number | null;
  /** Algorithm → lower-case hex. */
  readonly hashes: Readonly<Record<string, string>>;
}

/** One package of a lock (PEP 751). */
export interface PylockPackage {
  readonly name: string;
  readonly version: string | null;
  readonly marker: string | null;
  readonly requiresPython: string | null;
  readonly index: string | null;
  readonly wheels: readonly PylockFile[];
  readonly sdist: PylockFile | null;
  readonly archive: PylockFile | null;
  readonly vcs: { readonly type: string; readonly url: string; readonly commit: string } | null;
  readonly directory: { readonly path: string; readonly editable: boolean } | null;
  /** The tables under `packages.tool`. */
  readonly tool: Table;
}

/** What `pylock.toml` says (PEP 751), as far as an installer needs it. */
export interface Pylock {
  readonly createdBy: string;
  readonly requiresPython: string | null;
  readonly environments: readonly string[];
  readonly defaultGroups: readonly string[];
  readonly packages: readonly PylockPackage[];
  /** The tables under `tool`. */
  readonly tool: Table;
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Reads fields of tables and keeps what is wrong with them, so that all of it is told at once. */
function createReader(origin: string) {
  const problems: Problem[] = [];
  const complain = (what: string, remedy = 'Write the lock again with the program that made it.'): void => {
    problems.push({ where: origin, what, remedy });
  };

  function text(
    table: Table,
    key: string,
    where: string,
    rule: (value: string) => boolean = () => true,
  ): string | null {
    const value = table[key];
    if (value === undefined) {
      return null;
    }
    if (typeof value !== 'string' || !rule(value)) {
      complain(`\`${key}\` of ${where} is ${JSON.stringify(value)}, which it can't be.`);
      return null;
    }
    return value;
  }

  function needed(table: Table, key: string, where: string, rule?: (value: string) => boolean): string {
    if (table[key] === undefined) {
      complain(`${where} has no \`${key}\`.`);
    }
    return text(table, key, where, rule) ?? '';
  }

  function list<Item>(table: Table, key: string, where: string, isItem: (value: unknown) => value is Item): Item[] {
    const value = table[key] ?? [];
    if (!Array.isArray(value) || !value.every(isItem)) {
      complain(`\`${key}\` of ${where} is no list of the kind it has to be.`);
      return [];
    }
    return value;
  }

  function table(parent: Table, key: string, where: string): Table | null {
    const value = parent[key];
    if (value !== undefined && !isTable(value)) {
      complain(`\`${key}\` of ${where} is no table.`);
    }
    return isTable(value) ? value : null;
  }

  return { problems, complain, text, needed, list, table };
}

type Reader = ReturnType<typeof createReader>;

function readFile(reader: Reader, table: Table, where: string): PylockFile {
  const url = reader.text(table, 'url', where);
  const path = reader.text(table, 'path', where);
  if (url === null && path === null) {
    reader.complain(`${where} lists a file with neither \`url\` nor \`path\`.`);
  }
  const hashes = Object.entries(reader.table(table, 'hashes', where) ?? {});
  if (hashes.length === 0) {
    reader.complain(
      `${where} lists a file without hashes.`,
      'Make the lock with hashes: nothing else proves the file.',
    );
  }
  const size = table['size'] ?? null;
  if (size !== null && !(Number.isSafeInteger(size) && Number(size) >= 0)) {
    reader.complain(`\`size\` of ${where} is ${JSON.stringify(size)}, not a number of bytes.`);
  }
  const last = /[^/\\]*$/.exec((url ?? path ?? '').replace(/[?#].*$/s, ''))?.[0] ?? '';
  return {
    name: reader.text(table, 'name', where) ?? last.replace(/%2B/gi, '+'),
    url,
    path,
    size: size === null ? null : Number(size),
    hashes: Object.fromEntries(hashes.map(([algorithm, digest]) => [algorithm, String(digest).toLowerCase()])),
  };
}

function readPackage(reader: Reader, table: Table): PylockPackage {
  const name = reader.needed(table, 'name', 'a package', isName);
  const where = `package \`${name}\``;
  const file = (key: string): PylockFile | null => {
    const found = reader.table(table, key, where);
    return found === null ? null : readFile(reader, found, where);
  };
  const vcs = reader.table(table, 'vcs', where);
  const directory = reader.table(table, 'directory', where);
  return {
    name,
    version: reader.text(table, 'version', where, isVersion),
    marker: reader.text(table, 'marker', where),
    requiresPython: reader.text(table, 'requires-python', where, isSpecifier),
    index: reader.text(table, 'index', where),
    wheels: reader.list(table, 'wheels', where, isTable).map((wheel) => readFile(reader, wheel, where)),
    sdist: file('sdist'),
    archive: file('archive'),
    vcs:
      vcs === null
        ? null
        : {
            type: reader.needed(vcs, 'type', where),
            url: reader.text(vcs, 'url', where) ?? reader.needed(vcs, 'path', where),
            commit: reader.needed(vcs, 'commit-id', where),
          },
    directory:
      directory === null
        ? null
        : { path: reader.needed(directory, 'path', where), editable: directory['editable'] === true },
    tool: reader.table(table, 'tool', where) ?? {},
  };
}

function readToml(text: string, origin: string): Table {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) {
      throw error;
    }
    const reason = error.message.split('\n', 1)[0]?.replace('Invalid TOML document: ', '') ?? '';
    throw new Failure(
      2,
      [{ where: `${origin}:${error.line}`, what: `It is no TOML: ${reason}.`, remedy: 'Write the lock again.' }],
      { cause: error },
    );
  }
}

/** Reads a `pylock.toml` (PEP 751) by whatever program it was written. Throws Failure (exit code 2) that names all that is wrong with it. */
export function parsePylock(text: string, origin: string): Pylock {
  const document = readToml(text, origin);
  const reader = createReader(origin);
  const version = reader.needed(document, 'lock-version', 'the lock');
  if (version !== '' && !/^1(?:\.\d+)*$/.test(version)) {
    reader.complain(
      `its \`lock-version\` is ${version}; 1.0 is what is understood here.`,
      'Use a program that writes 1.0.',
    );
  }
  const isText = (value: unknown): value is string => typeof value === 'string';
  const pylock: Pylock = {
    createdBy: reader.text(document, 'created-by', 'the lock') ?? '',
    requiresPython: reader.text(document, 'requires-python', 'the lock', isSpecifier),
    environments: reader.list(document, 'environments', 'the lock', isText),
    defaultGroups: reader.list(document, 'default-groups', 'the lock', isText),
    packages: reader.list(document, 'packages', 'the lock', isTable).map((table) => readPackage(reader, table)),
    tool: reader.table(document, 'tool', 'the lock') ?? {},
  };
  if (reader.problems.length > 0) {
    throw new Failure(2, reader.problems);
  }
  return pylock;
}

/** Leaves out what is not there: TOML has no null. */
function present(table: Table): Table {
  const empty = (value: unknown): boolean => value === null || (isTable(value) && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(table).filter(([, value]) => !empty(value)));
}

function writePackage(locked: PylockPackage): Table {
  const { vcs, wheels } = locked;
  return present({
    name: locked.name,
    version: locked.version,
    marker: locked.marker,
    'requires-python': locked.requiresPython,
    index: locked.index,
    vcs: vcs === null ? null : { type: vcs.type, url: vcs.url, 'commit-id': vcs.commit },
    directory: locked.directory,
    archive: locked.archive === null ? null : present({ ...locked.archive, name: null }),
    sdist: locked.sdist === null ? null : present({ ...locked.sdist }),
    wheels: wheels.length === 0 ? null : wheels.map((wheel) => present({ ...wheel })),
    tool: locked.tool,
  });
}

/** Writes a `pylock.toml` (PEP 751). The same value gives the same bytes. */
export function formatPylock(pylock: Pylock): string {
  return `${stringify(
    present({
      'lock-version': '1.0',
      'created-by': pylock.createdBy,
      'requires-python': pylock.requiresPython,
      environments: pylock.environments.length === 0 ? null : pylock.environments,
      'default-groups': pylock.defaultGroups.length === 0 ? null : pylock.defaultGroups,
      packages: pylock.packages.map(writePackage),
      tool: pylock.tool,
    }),
  )}`;
}
