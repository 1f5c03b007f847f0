import { parseFilename, type WheelName } from '../packaging/filename.js';
import { normalise } from '../packaging/name.js';
import { bestWheel } from '../packaging/tags.js';
import { compareVersions, satisfies } from '../packaging/version.js';
import type { Interpreter } from '../values/interpreter.js';
import type { Origin } from '../values/plan.js';
import type { IndexFile, Listing, ProjectPage, SourceFault } from '../values/source.js';
import { originName } from './pages.js';
import { releaseOf } from './target.js';

/** One version of a project as the index lists it, for one interpreter. */
export interface Offer {
  readonly version: string;
  /** An installer would take one of its wheels here. */
  readonly fits: boolean;
  /** Every wheel of the version was taken back (PEP 592): counts only where it is named exactly. */
  readonly yanked: boolean;
  readonly wheels: readonly WheelName[];
}

/** What the index has of one project. */
export interface Offers {
  readonly project: string;
  /** Newest first. */
  readonly offers: readonly Offer[];
  /** A source answered, if only that there is nothing. */
  readonly answered: boolean;
  /** Sources that did not. */
  readonly faults: readonly SourceFault[];
}

function takes({ requiresPython }: IndexFile, { version }: Interpreter): boolean {
  return requiresPython === null || satisfies(releaseOf(version), requiresPython);
}

function pagesOf({ pages }: Listing, project: string, origins: readonly Origin[]): ProjectPage[] {
  return origins.flatMap((origin) =>
    pages
      .filter((entry) => entry.origin === originName(origin) && normalise(entry.page.project) === project)
      .map(({ page }) => page),
  );
}

/** Everything that the pages of a project's origins offer to an interpreter. "There is no such project" is an answer, not a fault. */
export function readOffers(
  listing: Listing,
  project: string,
  origins: readonly Origin[],
  interpreter: Interpreter,
): Offers {
  const pages = pagesOf(listing, project, origins);
  const files = [...new Map(pages.flatMap((page) => page.files).map((file) => [file.filename, file])).values()];
  const wheels = files.flatMap((file) => {
    const name = parseFilename(file.filename);
    return name?.kind === 'wheel' && name.name === project ? [{ ...file, name }] : [];
  });
  const versions = [...new Set(wheels.map(({ name }) => name.version))].sort((a, b) => compareVersions(b, a));
  return {
    project,
    offers: versions.map((version) => {
      const own = wheels.filter(({ name }) => name.version === version);
      const kept = own.filter(({ yanked }) => yanked === null);
      const usable = (kept.length > 0 ? kept : own).filter((file) => takes(file, interpreter));
      return {
        version,
        fits: bestWheel(usable, interpreter.tags) !== null,
        yanked: kept.length === 0,
        wheels: own.map(({ name }) => name),
      };
    }),
    answered: pages.length === 0 || pages.some((page) => page.files.length > 0 || page.answered.length > 0),
    faults: pages.flatMap((page) => page.faults).filter(({ kind }) => kind !== 'missing' && kind !== 'empty'),
  };
}
