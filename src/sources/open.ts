import type { HttpClient } from '../values/http.js';
import type { Log } from '../values/log.js';
import type { Origin } from '../values/plan.js';
import type { ProjectPage, Source, SourceFault } from '../values/source.js';
import { createTurnstile } from '../values/turnstile.js';
import { ask, type Found, firstAnswerMs, isAbsent, type Shared, sortOut } from './asking.js';
import type { SourcePage } from './fetch-page.js';
import { joinOrigins, mergePages } from './merge.js';
import { patience, persist } from './persist.js';
import { openPythonIndex } from './python-index.js';
import { race } from './race.js';
import { applyRanking, type KeptRanking, readRanking } from './ranking.js';

/** The sources of one run: pages on demand, and what was learnt of the sources on the way. */
export interface OpenSources {
  /**
   * What the project's origins list together; kept for the run, asked once however many ask. Nobody has it: no files, and only faults
   * `missing` and `empty`. It could not be found out: no files, and the faults. Rejects with the signal's reason only.
   */
  page(project: string, origins?: readonly Origin[]): Promise<ProjectPage>;
  /**
   * The same page with more places for its files: asks up to three sources that were not asked for it yet. `failed`: ids of sources that
   * could not bring a file of it; they are asked last for the pages to come.
   */
  widen(project: string, origins?: readonly Origin[], failed?: ReadonlySet<string>): Promise<ProjectPage>;
  /** The page; where one mirror alone has told it, which may be stale or wrong, with what up to three others tell. */
  confirm(project: string, origins?: readonly Origin[]): Promise<ProjectPage>;
  /** Confirms every page of the run. Whether that changed what any of them lists: then the pages to come are confirmed too. */
  confirmAll(): Promise<boolean>;
  /** Best first, by what is known so far; a Python source that answered stands before one that was never asked. */
  ranked(): readonly Source[];
  /** Every fault met, but for projects that a source does not have. */
  faults(): readonly SourceFault[];
  /** Ids of the sources that gave a page, in the order in which they first did. */
  used(): readonly string[];
  /** The ranking to keep for the next run; null where nothing was measured. */
  keep(): Promise<KeptRanking | null>;
}

interface Entry {
  readonly project: string;
  readonly origins: readonly Origin[];
  readonly page: ProjectPage;
  /** The parts of it, for `widen`. */
  readonly parts: readonly { readonly origin: Origin; readonly found: Found }[];
}

const pythonOnly: readonly Origin[] = [{ kind: 'python' }];

const keyOf = (project: string, origins: readonly Origin[]): string => `${project} ${JSON.stringify(origins)}`;

/**
 * Opens the sources of a roster. `exclusive`: the Python sources are the user's own list. `kept`: a ranking of an earlier run, as it was
 * read from JSON. `locked`: file name → sha256 of the user's lock. Private indexes come first and alone: a project that one of them has
 * is taken from there and nowhere else, and one that fails is never replaced by another index (dependency confusion).
 */
export function openSources(options: {
  readonly roster: readonly Source[];
  readonly exclusive: boolean;
  readonly client: HttpClient;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly kept?: unknown;
  readonly locked?: ReadonlyMap<string, string>;
}): OpenSources {
  const { roster, exclusive, client, log, signal, locked } = options;
  const of = (kind: Source['kind']) => roster.filter((source) => source.kind === kind);
  const [privates, paddles, findLinks] = [of('private'), of('paddle'), of('find-links')];
  const ranking = exclusive ? null : readRanking(options.kept, of('python'), Date.now());
  const faults: SourceFault[] = [];
  const entries = new Map<string, Promise<Entry>>();
  const shared: Shared = {
    client,
    log,
    signal,
    dead: new Set(),
    late: new Set(),
    turnstile: createTurnstile(),
    pages: new Map(),
    used: new Set(),
    onFault: (fault) => {
      if (!isAbsent(fault)) faults.push(fault);
    },
    onRanking: () => entries.clear(),
  };
  const python = openPythonIndex(
    ranking === null ? of('python') : applyRanking(of('python'), ranking),
    exclusive,
    ranking?.wide ?? null,
    shared,
  );
  let places: Promise<Found> | null = null;
  /** A mirror was found stale or wrong: none is believed alone any more. */
  let doubtful = false;

  /** Every file of the find-links sources: each is one page or folder, read once. */
  const findLinksFiles = (): Promise<Found> => {
    places ??= Promise.all(
      findLinks.map((source) => ask(shared, source, '', null, firstAnswerMs.oneOfMany, signal)),
    ).then((results) => {
      const found = sortOut(results);
      for (const { source, detail, remedy } of found.faults) {
        log.warn({ id: `find-links-${source}`, text: `${source}: ${detail}.${remedy === null ? '' : ` ${remedy}`}` });
      }
      return found;
    });
    return places;
  };

  async function local(project: string): Promise<readonly SourcePage[]> {
    const { pages } = await findLinksFiles();
    const own = pages.map((page) => ({ ...page, files: page.files.filter((file) => file.project === project) }));
    return own.filter(({ files }) => files.length > 0);
  }

  async function findPrivate(project: string): Promise<Found | null> {
    const asked = privates.map((source) =>
      persist(shared, patience.alone, async (limitMs) =>
        sortOut([await ask(shared, source, project, null, limitMs, signal)]),
      ),
    );
    for (const found of await Promise.all(asked)) {
      if (found.pages.length > 0 || !found.faults.every(isAbsent)) return found;
    }
    return null;
  }

  function findPaddle(project: string, origin: Exclude<Origin, { kind: 'python' }>, alone: boolean): Promise<Found> {
    const living = paddles.filter(({ id }) => alone || !shared.dead.has(id));
    const attempt = async (limitMs: number): Promise<Found> => {
      const entrants = living.map((source) => ({
        gapMs: 1000,
        run: (abort: AbortSignal) => ask(shared, source, project, origin, limitMs, abort),
      }));
      const { won, faults: met } = await race(entrants, () => false, signal);
      return { pages: won === null ? [] : [won], faults: met };
    };
    if (!alone) return attempt(firstAnswerMs.oneOfMany);
    return persist(shared, living.length > 1 ? patience.several : patience.alone, attempt);
  }

  function compose(project: string, parts: Entry['parts'], own: readonly SourcePage[]): ProjectPage {
    // Local files stand beside those of the first origin, whose hashes then judge them.
    return joinOrigins(
      project,
      parts.map(({ found }, index) =>
        mergePages(project, [...(index === 0 ? own : []), ...found.pages], found.faults, locked),
      ),
    );
  }

  async function load(project: string, origins: readonly Origin[]): Promise<Entry> {
    const own = await local(project);
    const fromPrivate = privates.length === 0 ? null : await findPrivate(project);
    if (fromPrivate !== null) {
      const failed = fromPrivate.pages.length === 0;
      const page = mergePages(project, failed ? [] : [...own, ...fromPrivate.pages], fromPrivate.faults, locked);
      return { project, origins, page, parts: [] };
    }
    const parts = await Promise.all(
      origins.map(async (origin) => {
        const known = origins.length > 1 ? await entries.get(keyOf(project, [origin])) : undefined;
        const found =
          known?.parts[0]?.found ??
          (await (origin.kind === 'python' ? python.find(project) : findPaddle(project, origin, origins.length === 1)));
        return { origin, found };
      }),
    );
    const page = compose(project, parts, own);
    // Where find-links are all there is, their failure is the answer; beside an index it is a notice.
    const lonely = findLinks.length === roster.length;
    return { project, origins, page: lonely ? { ...page, faults: (await findLinksFiles()).faults } : page, parts };
  }

  function entry(project: string, origins: readonly Origin[]): Promise<Entry> {
    const key = keyOf(project, origins);
    const known = entries.get(key);
    if (known !== undefined) return known;
    const loading = load(project, origins);
    entries.set(key, loading);
    // A failure may pass: whoever asks again is answered anew.
    const forget = () => entries.get(key) === loading && entries.delete(key);
    loading.then(({ page }) => page.files.length === 0 && !page.faults.every(isAbsent) && forget(), forget);
    return loading;
  }

  async function enlarge(before: Entry, living: boolean): Promise<Entry> {
    const { project, origins } = before;
    const asked = new Set([...before.page.answered, ...before.page.faults.map(({ source }) => source)]);
    if (!before.parts.some(({ origin }) => origin.kind === 'python')) return before;
    const extra = await python.more(project, asked, living);
    const own = await local(project);
    const alone = python.isAuthority();
    const parts = before.parts.map((part) =>
      part.origin.kind !== 'python' || alone
        ? part
        : {
            ...part,
            found: { pages: [...part.found.pages, ...extra.pages], faults: [...part.found.faults, ...extra.faults] },
          },
    );
    const names = new Set(before.page.files.map(({ filename }) => filename));
    const others = mergePages(
      project,
      extra.pages.map((page) => ({ ...page, files: page.files.filter(({ filename }) => names.has(filename)) })),
      extra.faults,
    );
    // Behind an authoritative index, others may only bring the very bytes that it lists.
    const page = alone ? joinOrigins(project, [before.page, others]) : compose(project, parts, own);
    const after = { project, origins, page, parts };
    entries.set(keyOf(project, origins), Promise.resolve(after));
    return after;
  }

  function confirmed(before: Entry): Promise<Entry> {
    const settled = before.page.files.length === 0 || python.isSettledBy(before.page.answered);
    return settled ? Promise.resolve(before) : enlarge(before, true);
  }

  return {
    async page(project, origins = pythonOnly) {
      const found = await entry(project, origins);
      return (doubtful ? await confirmed(found) : found).page;
    },
    async widen(project, origins = pythonOnly, failed = new Set()) {
      python.demote(failed);
      return (await enlarge(await entry(project, origins), false)).page;
    },
    async confirm(project, origins = pythonOnly) {
      return (await confirmed(await entry(project, origins))).page;
    },
    async confirmAll() {
      const before = await Promise.all(entries.values());
      const after = await Promise.all(before.map(confirmed));
      const listed = (one: Entry | undefined): string =>
        one?.page.files.map(({ filename, sha256 }) => `${filename} ${sha256}`).join('\n') ?? '';
      const changed = after.some((now, index) => listed(now) !== listed(before[index]));
      doubtful ||= changed;
      return changed;
    },
    ranked: () => [...privates, ...findLinks, ...python.ranked(), ...paddles],
    faults: () => faults,
    used: () => [...shared.used],
    async keep() {
      await python.settled();
      if (!python.isMeasured()) return null;
      const order = python.ranked().map(({ id, url }) => ({ id, url }));
      return { schema: 1, measured: ranking?.measured ?? new Date().toISOString(), wide: python.isWide(), order };
    },
  };
}
