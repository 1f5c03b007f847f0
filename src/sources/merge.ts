import type { FileLocation, IndexFile, ProjectPage, SourceFault } from '../values/source.js';
import type { SourcePage } from './fetch-page.js';
import type { PageFile } from './page.js';

/** Group of the official index and of everything that is it under another name. */
export const officialGroup = 'official';

interface Listed {
  readonly page: SourcePage;
  readonly file: PageFile;
}

type Verdict = Pick<IndexFile, 'sha256' | 'hashOrigin'>;

/**
 * Which hash is right: the user's lock, then the official index where it takes part, then the majority of independent groups; a hash that
 * only one group states is that index's word. Where they differ without a referee there is none: the locations keep what each states.
 */
function judge(listed: readonly Listed[], locked: string | undefined): Verdict {
  if (locked !== undefined) return { sha256: locked, hashOrigin: 'lock' };
  const stated = listed.filter(({ file }) => file.sha256 !== null);
  const official = stated.find(({ page }) => page.source.group === officialGroup);
  if (official !== undefined) return { sha256: official.file.sha256, hashOrigin: 'official' };
  const byGroup = new Map<string, string>();
  for (const { page, file } of stated) {
    if (file.sha256 !== null && !byGroup.has(page.source.group)) byGroup.set(page.source.group, file.sha256);
  }
  const votes = new Map<string, number>();
  for (const hash of byGroup.values()) votes.set(hash, (votes.get(hash) ?? 0) + 1);
  const [best, count = 0] = [...votes].sort((a, b) => b[1] - a[1])[0] ?? [];
  if (best === undefined || count * 2 <= byGroup.size) return { sha256: null, hashOrigin: null };
  return { sha256: best, hashOrigin: byGroup.size > 1 ? 'agreement' : 'index' };
}

const first = <T>(values: readonly (T | null)[]): T | null => values.find((value) => value !== null) ?? null;

function mergeFile(
  filename: string,
  listed: readonly Listed[],
  locked: string | undefined,
): { file: IndexFile; wrong: Listed[] } {
  const { sha256, hashOrigin } = judge(listed, locked);
  const isWrong = ({ file }: Listed) => sha256 !== null && file.sha256 !== null && file.sha256 !== sha256;
  const good = listed.filter((one) => !isWrong(one));
  // The referee's word first, also for what is not a hash.
  const told = [...good].sort((a, b) => rank(a) - rank(b)).map(({ file }) => file);
  const differ =
    sha256 === null && new Set(good.map(({ file }) => file.sha256).filter((hash) => hash !== null)).size > 1;
  return {
    wrong: listed.filter(isWrong),
    file: {
      filename,
      sha256,
      hashOrigin,
      size: differ ? null : first(told.map(({ size }) => size)),
      requiresPython: first(told.map((file) => file.requiresPython)),
      yanked: first(told.slice(0, 1).map((file) => file.yanked)),
      uploadTime: first(told.map((file) => file.uploadTime)),
      locations: good.map(
        ({ page, file }): FileLocation => ({
          source: page.source.id,
          url: file.url,
          sha256: file.sha256,
          size: file.size,
          ...(file.metadata === null ? {} : { metadata: file.metadata }),
        }),
      ),
    },
  };
}

const rank = ({ page }: Listed): number => (page.source.group === officialGroup ? 0 : 1);

/**
 * The union of what several sources list of one project, by file name in the order in which they were asked; that is also the order of a
 * file's locations. A location that states another hash than the right one is left out and told as a fault of its source.
 * `locked`: file name → sha256 of the user's lock.
 */
export function mergePages(
  project: string,
  pages: readonly SourcePage[],
  faults: readonly SourceFault[],
  locked: ReadonlyMap<string, string> = new Map(),
): ProjectPage {
  const byName = new Map<string, Listed[]>();
  for (const page of pages) {
    for (const file of page.files) {
      const listed = byName.get(file.filename) ?? [];
      // A page that lists one name twice contradicts itself: its first word counts.
      if (!listed.some((one) => one.page === page)) listed.push({ page, file });
      byName.set(file.filename, listed);
    }
  }
  const merged = [...byName].map(([filename, listed]) => mergeFile(filename, listed, locked.get(filename)));
  const wrong = merged.flatMap(({ file, wrong: listed }) =>
    listed.map(
      ({ page, file: bad }): SourceFault => ({
        source: page.source.id,
        url: bad.url,
        kind: 'wrong-hash',
        detail: `states sha256 ${bad.sha256} for ${file.filename}; by ${file.hashOrigin} it is ${file.sha256}`,
        remedy: null,
      }),
    ),
  );
  return {
    project,
    files: merged.map(({ file }) => file),
    answered: pages.map((page) => page.source.id),
    faults: [...faults, ...wrong],
  };
}

/**
 * Adds what later origins list to what earlier ones do. Their order is the order of trust: a file name that is known gains a location
 * only where both state the same hash, and a later origin never replaces a file.
 */
export function joinOrigins(project: string, pages: readonly ProjectPage[]): ProjectPage {
  const files = new Map<string, IndexFile>();
  for (const file of pages.flatMap((page) => page.files)) {
    const known = files.get(file.filename);
    if (known === undefined) files.set(file.filename, file);
    else if (known.sha256 !== null && known.sha256 === file.sha256) {
      files.set(file.filename, { ...known, locations: [...known.locations, ...file.locations] });
    }
  }
  return {
    project,
    files: [...files.values()],
    answered: pages.flatMap((page) => page.answered),
    faults: pages.flatMap((page) => page.faults),
  };
}
