import { parseFilename } from '../packaging/filename.js';
import { evaluateMarker } from '../packaging/marker.js';
import type { MarkerEnvironment } from '../packaging/marker-environment.js';
import { parseRequirement } from '../packaging/requirement.js';
import { readRequiresPython } from '../packaging/requires-python.js';
import { compareVersions, satisfies } from '../packaging/version.js';
import { Failure } from '../values/failure.js';
import type { Interpreter } from '../values/interpreter.js';
import type { Requirement } from '../values/requirement.js';
import type { IndexFile, ProjectPage } from '../values/source.js';
import { chooseFile } from './choose-file.js';
import { acceptedHashes } from './make-lock.js';

interface Wishes {
  readonly requirements: readonly Requirement[];
  readonly constraints: readonly Requirement[];
  readonly page: (project: string) => Promise<ProjectPage>;
  /** METADATA of a wheel. */
  readonly metadata: (file: IndexFile) => Promise<Uint8Array>;
  readonly interpreter: Pick<Interpreter, 'version' | 'tags'>;
  readonly environment: MarkerEnvironment;
  readonly preReleases: boolean;
  readonly formats: readonly string[];
  /** The versions of a lock, by normalised name: then these are taken, and no others. */
  readonly versions?: ReadonlyMap<string, string>;
}

/** One project on the way: what was asked of it so far, and what was picked. */
interface Stop {
  readonly specifiers: string[];
  readonly extras: Set<string>;
  picked: { readonly version: string; readonly file: IndexFile } | null;
  dependencies: readonly Requirement[];
}

/** What a METADATA requires (core metadata: `Requires-Dist`), and the Pythons that it takes. */
function readMetadata(text: string, origin: string): { readonly requires: Requirement[]; readonly python: string } {
  const head = text.split(/\r?\n\r?\n/, 1)[0] ?? '';
  const values = (name: string): string[] =>
    [...head.matchAll(new RegExp(`^${name}:[ \\t]*(.+)$`, 'gim'))].map(([, value = '']) => value.trim());
  return {
    requires: values('Requires-Dist').map((line) => parseRequirement(line, origin)),
    python: readRequiresPython(values('Requires-Python')[0] ?? null) ?? '',
  };
}

/** The newest version with a wheel that every specifier allows, or null. */
function newestWheel(
  name: string,
  page: ProjectPage,
  allows: (version: string) => boolean,
  python: string,
): string | null {
  const listed = page.files
    .filter((file) => file.yanked === null && satisfies(python, file.requiresPython ?? '', { prereleases: true }))
    .map(({ filename }) => parseFilename(filename));
  const versions = listed.flatMap((file) => (file?.kind === 'wheel' && file.name === name ? [file.version] : []));
  return [...new Set(versions)].filter(allows).sort(compareVersions).at(-1) ?? null;
}

/**
 * Walks the requirements ahead of the resolver, so that the pages and metadata that it is going to ask for are there when it does: for
 * each project the newest version that everything known so far allows, then what that one requires, side by side where a resolver waits.
 * Gives the files where all of it fits together: each is the newest that its requirements allow, so a resolver comes to the same.
 * Null where something does not fit, or can't be known without the resolver (links, source distributions, a source that fails).
 */
export async function foresee(wishes: Wishes): Promise<readonly IndexFile[] | null> {
  const { requirements, constraints, environment, interpreter, formats, versions } = wishes;
  const options = wishes.preReleases ? { prereleases: true } : {};
  const stops = new Map<string, Stop>();
  let certain = true;

  const holds = ({ marker }: Requirement, extras: readonly string[]): boolean =>
    marker === null || extras.some((extra) => evaluateMarker(marker, environment, { extra }));
  const allowedBy =
    (specifiers: readonly string[]) =>
    (version: string): boolean =>
      specifiers.every((specifier) => satisfies(version, specifier, options));
  const takes = (name: string, version: string): boolean => versions === undefined || versions.get(name) === version;
  const follow = (stop: Stop, extras: readonly string[]): Promise<unknown> =>
    Promise.all(stop.dependencies.filter((line) => holds(line, extras)).map(visit));

  async function arrive(name: string, stop: Stop): Promise<void> {
    const page = await wishes.page(name);
    const allowed = allowedBy(stop.specifiers);
    const version = newestWheel(name, page, (one) => takes(name, one) && allowed(one), interpreter.version);
    const accepted = acceptedHashes(name, requirements);
    const file = version === null ? null : chooseFile({ name, version, page, interpreter, formats, accepted });
    if (version === null || file === null || !file.filename.endsWith('.whl')) {
      certain = false;
      return;
    }
    const { requires, python } = readMetadata(Buffer.from(await wishes.metadata(file)).toString(), file.filename);
    certain &&= satisfies(interpreter.version, python, { prereleases: true });
    stop.picked = { version, file };
    stop.dependencies = requires;
    await follow(stop, ['', ...stop.extras]);
  }

  async function visit(line: Requirement): Promise<void> {
    const name = line.normalised;
    if (line.kind !== 'named' || name === null) {
      certain = false;
      return;
    }
    const known = stops.get(name);
    if (known === undefined) {
      const limits = constraints.filter((one) => one.normalised === name && holds(one, ['']));
      const specifiers = [line, ...limits].map(({ specifier }) => specifier);
      const stop: Stop = { specifiers, extras: new Set(line.extras), picked: null, dependencies: [] };
      stops.set(name, stop);
      await arrive(name, stop);
      return;
    }
    known.specifiers.push(line.specifier);
    const more = line.extras.filter((extra) => !known.extras.has(extra));
    for (const extra of more) known.extras.add(extra);
    if (more.length > 0) await follow(known, more);
  }

  try {
    await Promise.all(requirements.filter((line) => holds(line, [''])).map(visit));
  } catch (error) {
    // What is wrong here is met again by the resolver, which tells it.
    if (error instanceof Failure || error instanceof SyntaxError) return null;
    throw error;
  }
  const seen = [...stops.values()];
  const fits = seen.every(({ picked, specifiers }) => picked !== null && allowedBy(specifiers)(picked.version));
  return certain && fits ? seen.flatMap(({ picked }) => picked?.file ?? []) : null;
}
