import { devices, paddleProjects } from '../catalog/devices.js';
import { evaluateMarker } from '../packaging/marker.js';
import { markerEnvironment } from '../packaging/marker-environment.js';
import { satisfies } from '../packaging/version.js';
import type { Problem } from '../values/failure.js';
import type { Interpreter } from '../values/interpreter.js';
import type { Request } from '../values/request.js';
import type { Requirement } from '../values/requirement.js';

/** Which PaddlePaddle all of the request together asks for. */
export interface Wish {
  /** Clauses of `paddle-version`, of the requirements and of the constraints in one PEP 440 specifier, '' for any. */
  readonly specifier: string;
  /** The version of an `==` clause, or null. */
  readonly exact: string | null;
  readonly channel: 'stable' | 'nightly';
  /** Pre-releases count even where no clause names one. */
  readonly preReleases: boolean;
  /** PaddlePaddle's own requirements lines that count on this interpreter. */
  readonly lines: readonly Requirement[];
  /** What requirements and constraints ask of a project by its own name, as one specifier. */
  readonly named: Readonly<Record<string, string>>;
  /** The request names a find-links page or folder: builds that are on no index may be there. */
  readonly findLinks: boolean;
}

const plugins: ReadonlySet<string> = new Set(devices.flatMap(({ plugin }) => plugin ?? []));

/** A version that was built for one CUDA: `2.6.2.post112`. Nightlies carry a date of eight digits there. */
const cudaPost = /^(?<release>.+)\.post(?<post>\d{2,3})$/;

/** Splits `2.6.2.post112` into the release and the CUDA number; other versions have none. */
export function splitPost(version: string): { readonly release: string; readonly post: string | null } {
  const groups = cudaPost.exec(version)?.groups;
  return groups === undefined
    ? { release: version, post: null }
    : { release: groups['release'] ?? version, post: groups['post'] ?? null };
}

/** Whether a version is a build of one night, or otherwise none that a release has: it has a date or a local label. */
export function isNightly(version: string): boolean {
  return /\.dev\d|\.post\d{8}|\+/.test(version);
}

/** Whether a version, with or without its CUDA number, answers a specifier. */
export function answers(version: string, specifier: string, preReleases: boolean): boolean {
  const options = preReleases ? { prereleases: true } : {};
  return [...new Set([version, splitPost(version).release])].some((form) => satisfies(form, specifier, options));
}

function applies({ marker }: Requirement, interpreter: Interpreter): boolean {
  return marker === null || evaluateMarker(marker, markerEnvironment(interpreter));
}

/** The wish, and what contradicts itself in it before any index is asked. */
export function readWish(
  { paddle, requirements: set }: Request,
  interpreter: Interpreter,
): { readonly wish: Wish; readonly problems: readonly Problem[] } {
  const own = (lines: readonly Requirement[]): Requirement[] =>
    lines.filter((line) => paddleProjects.has(line.normalised ?? '') && applies(line, interpreter));
  const lines = own(set.requirements);
  const versioned = [...lines, ...own(set.constraints)].filter(({ specifier }) => specifier !== '');
  // A plug-in has versions of its own (3.1.0 stands beside PaddlePaddle 3.1.0a0), so its clauses count only where none name the other.
  const beside = versioned.filter(({ normalised }) => !plugins.has(normalised ?? ''));
  const parts = [
    ...(paddle.kind === 'specifier' ? [{ specifier: paddle.specifier, origin: paddle.origin }] : []),
    ...(beside.length > 0 ? beside : versioned),
  ];
  const clauses = [...new Set(parts.flatMap(({ specifier }) => specifier.split(',').map((clause) => clause.trim())))];
  const exact = clauses.flatMap((clause) => /^===?\s*([^*\s]+)$/.exec(clause)?.[1] ?? [])[0] ?? null;
  const first = parts.find(({ specifier }) => exact !== null && specifier.includes(exact));
  const problems: Problem[] = [
    ...parts
      .filter(({ specifier }) => exact !== null && !answers(exact, specifier, true))
      .map(({ specifier, origin }) => ({
        where: origin,
        what: `It asks for PaddlePaddle ${specifier}, while ${first?.origin ?? 'paddle-version'} asks for ${exact}.`,
        remedy: `Write the version in one place only, or "==${exact}" in both.`,
      })),
    ...lines
      .filter(({ kind }) => kind !== 'named')
      .map(({ origin, normalised }) => ({
        where: origin,
        what: `It brings ${normalised} from an address of its own, so its build and files can't be checked against device and version.`,
        remedy:
          'Name a version ("paddle-version") and a device instead; a copy of PaddlePaddle\'s index goes into "paddle-index".',
      })),
  ];
  const distributions = new Map(
    lines
      .filter(({ normalised }) => devices.some(({ distribution }) => distribution === normalised))
      .map((line) => [line.normalised, line]),
  );
  if (distributions.size > 1) {
    problems.push({
      where: [...distributions.values()].map(({ origin }) => origin).join(', '),
      what: `They name ${[...distributions.keys()].join(' and ')}, which overwrite each other's files in the folder "paddle".`,
      remedy: 'Keep the one for the device and take the others out.',
    });
  }
  const named: Record<string, string> = {};
  for (const { normalised, specifier } of versioned) {
    named[normalised ?? ''] = [named[normalised ?? ''], specifier].filter((part) => part !== undefined).join(',');
  }
  const dated = exact !== null && isNightly(exact);
  return {
    wish: {
      specifier: clauses.join(','),
      exact,
      channel: paddle.kind === 'nightly' || dated ? 'nightly' : 'stable',
      preReleases: set.preReleases || paddle.kind === 'nightly',
      lines,
      named,
      findLinks: set.indexes.some(({ kind }) => kind === 'find-links'),
    },
    problems,
  };
}
