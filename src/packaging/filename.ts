import { isName, normalise } from './name.js';
import { isVersion } from './version.js';

/** What a wheel's file name says (PEP 427). */
export interface WheelName {
  readonly kind: 'wheel';
  /** Normalised (PEP 503). */
  readonly name: string;
  readonly version: string;
  /** Build number and the letters behind it; null where the name has none. */
  readonly build: { readonly number: number; readonly suffix: string } | null;
  /** Compressed tag sets expanded (PEP 425): `py2.py3-none-any` gives two. */
  readonly tags: readonly string[];
}

/** What a source distribution's file name says (PEP 625 and older spellings). */
export interface SdistName {
  readonly kind: 'sdist';
  /** Normalised (PEP 503). */
  readonly name: string;
  readonly version: string;
}

const sdistSuffixes = ['.tar.gz', '.zip', '.tar.bz2', '.tar.xz', '.tgz'] as const;
const tagPart = /^[a-z0-9_]+(?:\.[a-z0-9_]+)*$/i;

/** What was read before: a page is parsed, planned over and chosen from, and thousands of names share a few hundred tag sets. */
const knownNames = new Map<string, WheelName | SdistName | null>();
const knownTags = new Map<string, readonly string[] | null>();

/** The tags of a compressed tag set (PEP 425); null where it is none. */
function expandTags(text: string): readonly string[] | null {
  const parts = text.split('-');
  if (parts.length !== 3 || !parts.every((part) => tagPart.test(part))) {
    return null;
  }
  const [python = [], abi = [], platform = []] = parts.map((part) => part.toLowerCase().split('.'));
  return python.flatMap((py) => abi.flatMap((a) => platform.map((p) => `${py}-${a}-${p}`)));
}

function parseWheel(stem: string): WheelName | null {
  const parts = stem.split('-');
  if (parts.length !== 5 && parts.length !== 6) {
    return null;
  }
  const [name = '', version = ''] = parts;
  const compressed = parts.slice(-3).join('-');
  const known = knownTags.get(compressed);
  const tags = known === undefined ? expandTags(compressed) : known;
  knownTags.set(compressed, tags);
  if (tags === null || !isName(name) || !isVersion(version)) {
    return null;
  }
  const buildText = parts.length === 6 ? (parts[2] ?? '') : null;
  const build = buildText === null ? null : /^(\d+)(\w*)$/.exec(buildText);
  if (buildText !== null && build === null) {
    return null;
  }
  return {
    kind: 'wheel',
    name: normalise(name),
    version,
    build: build === null ? null : { number: Number(build[1]), suffix: build[2] ?? '' },
    tags,
  };
}

/** An old sdist name may hold hyphens: the version begins at the last hyphen behind which a valid version stands. */
function parseSdist(stem: string): SdistName | null {
  const starts = [...stem.matchAll(/-/g)].map((match) => match.index).reverse();
  for (const start of starts) {
    const name = stem.slice(0, start);
    const version = stem.slice(start + 1);
    if (isName(name) && isVersion(version)) {
      return { kind: 'sdist', name: normalise(name), version };
    }
  }
  return null;
}

function parse(filename: string): WheelName | SdistName | null {
  if (filename.endsWith('.whl')) {
    return parseWheel(filename.slice(0, -'.whl'.length));
  }
  const suffix = sdistSuffixes.find((candidate) => filename.endsWith(candidate));
  return suffix === undefined ? null : parseSdist(filename.slice(0, -suffix.length));
}

/** Reads the name of a distribution file; null for anything that no installer would take, malformed wheel names among them. */
export function parseFilename(filename: string): WheelName | SdistName | null {
  const known = knownNames.get(filename);
  if (known !== undefined) {
    return known;
  }
  const parsed = parse(filename);
  knownNames.set(filename, parsed);
  return parsed;
}
