import type { FaultKind, Source, SourceFault } from '../values/source.js';
import { ask, type Found, firstAnswerMs, isAbsent, readOnce, type Shared, sortOut } from './asking.js';
import type { SourcePage } from './fetch-page.js';
import { officialGroup } from './merge.js';
import { patience, persist } from './persist.js';
import { probeAnswer } from './probe.js';
import { gather, race } from './race.js';
import { expectedMs, fastEnough, rankSources } from './ranking.js';

/** How long the first choice runs alone before the official index is asked too, and before mirrors are. */
const headStartMs = { official: 80, next: 800, mirrors: 1000 };
/** Pages asked at once where the first choice is slow; mirrors probed at once. */
const width = { pages: 3, probes: 6 };
/** How long at least a page of one source is waited for after that of another: where the page is wanted, and where sources are measured. */
const graceMs = { page: 300, measuring: 1000 };
/** Faults of an index that did not answer at all. One that answers in any other way may hold packages that are nowhere else. */
const unheard: readonly FaultKind[] = ['refused', 'dns', 'timeout', 'proxy'];

/** The state of the Python index during one run: the official index, its mirrors, and the one the machine is configured for. */
export interface PythonIndex {
  find(project: string): Promise<Found>;
  /** Asks up to three sources that are not in `asked`, one a group; `living`: none that was found dead or late. */
  more(project: string, asked: ReadonlySet<string>, living: boolean): Promise<Found>;
  /** Somebody who may judge has answered: the authority, the official index, or two independent groups. */
  isSettledBy(answered: readonly string[]): boolean;
  /** These sources gave pages but not the files: they are asked last from now on. */
  demote(ids: ReadonlySet<string>): void;
  /** The configured index speaks alone about which files there are. */
  isAuthority(): boolean;
  /** Best first; one that answered in this run, even if it fell silent since, stands before those that were never asked. */
  ranked(): readonly Source[];
  /** Resolves when nothing is being measured any more. */
  settled(): Promise<void>;
  /** Several sources are asked for each page, because the first choice was slow. */
  isWide(): boolean;
  /** Measured in this run or by a kept ranking. */
  isMeasured(): boolean;
}

/**
 * Opens the Python index of one run. `sources` are in order of wish; `exclusive`: the user's own list, which is not measured against
 * anything; `wide`: what a kept ranking says, null where nothing is known.
 */
export function openPythonIndex(
  sources: readonly Source[],
  exclusive: boolean,
  wide: boolean | null,
  shared: Shared,
): PythonIndex {
  const { client, log, signal, dead, late } = shared;
  const authority = exclusive ? undefined : sources.find(({ id }) => id === 'configured');
  let order = [...sources];
  let asksSeveral = wide ?? false;
  let measured = wide !== null || exclusive || authority !== undefined || sources.length < 2;
  let measuring: Promise<void> = Promise.resolve();
  let authorityAnswered = false;
  let authorityReplaced = false;
  /** Sources that another one has overtaken in a race. */
  const overtaken = new Set<string>();
  /** Sources that stood a probe. */
  const tried = new Set<string>();
  /** Sources that gave pages but not the files. */
  const demoted = new Set<string>();

  const limits = sources.length > 1 ? patience.several : patience.alone;
  const byLife = () => [...order.filter(({ id }) => !dead.has(id)), ...order.filter(({ id }) => dead.has(id))];

  function gap(source: Source, index: number, before: Source | undefined): number {
    if (exclusive || index === 0) return headStartMs.next;
    if (source.group === officialGroup) return headStartMs.official;
    // Mirrors start three at a time.
    return before === undefined || before.group === officialGroup || index % width.pages === 0
      ? headStartMs.mirrors
      : 0;
  }

  /** One mirror's word may be stale; the official index, or two independent groups, settle a matter. */
  function areReferees(ids: readonly string[]): boolean {
    const groups = ids.flatMap((id) => sources.filter((source) => source.id === id)).map(({ group }) => group);
    return groups.includes(officialGroup) || new Set(groups).size > 1;
  }

  function settledBy(faults: readonly SourceFault[]): boolean {
    return !exclusive && areReferees(faults.filter(isAbsent).map(({ source }) => source));
  }

  async function inTurn(project: string, candidates: readonly Source[], limitMs: number): Promise<Found> {
    const entrants = candidates.map((source, index) => ({
      gapMs: gap(source, index, candidates[index - 1]),
      run: (abort: AbortSignal) => ask(shared, source, project, null, limitMs, abort),
    }));
    const { won, faults } = await race(entrants, settledBy, signal);
    if (won === null) return { pages: [], faults };
    for (const { id } of candidates.slice(0, candidates.indexOf(won.source))) overtaken.add(id);
    overtaken.delete(won.source.id);
    // Whoever overtook the first choice is the first choice from now on.
    if (!measured || exclusive) order = [won.source, ...order.filter((source) => source !== won.source)];
    return { pages: [won], faults };
  }

  async function together(project: string, chosen: readonly Source[], limitMs: number): Promise<Found> {
    return sortOut(await Promise.all(chosen.map((source) => ask(shared, source, project, null, limitMs, signal))));
  }

  /** The best of each group first, then whoever is left. */
  function best(candidates: readonly Source[], count: number): Source[] {
    const leads = candidates.filter(
      (source, index) => candidates.findIndex(({ group }) => group === source.group) === index,
    );
    return [...leads, ...candidates.filter((source) => !leads.includes(source))].slice(0, count);
  }

  /** Measures the first choice on its own page; mirrors are probed only where it is slow. */
  async function measure(page: SourcePage): Promise<void> {
    const first = await probeAnswer(client, page.source, page, null, signal);
    if (
      first.fault === null &&
      page.ms <= fastEnough.ms &&
      (first.bytesPerSecond ?? fastEnough.bytesPerSecond) >= fastEnough.bytesPerSecond
    )
      return;
    const rivals = best(
      order.filter(({ id }) => id !== page.source.id && !dead.has(id)),
      width.probes,
    );
    const project = page.files[0]?.project ?? '';
    const pages = await gather(
      rivals.map((source) => (abort) => readOnce(shared, source, project, null, firstAnswerMs.oneOfMany, abort)),
      graceMs.measuring,
      signal,
    );
    const looks = rivals.map((source, index) => {
      const told = pages[index] ?? null;
      return told === null ? null : probeAnswer(client, source, told, null, signal);
    });
    const probes = [first, ...(await Promise.all(looks)).filter((look) => look !== null)];
    for (const { source, fault, ms } of probes) {
      if (fault === null) tried.add(source.id);
      // That of a page that did not come is known.
      else if (ms !== null) shared.onFault(fault);
    }
    order = rankSources(order, probes);
    shared.onRanking();
    asksSeveral = probes.some((one) => one.source === order[0] && Number.isFinite(expectedMs(one)));
    const lively = order.filter(({ id }) => tried.has(id)).slice(0, width.pages);
    log.info(
      lively.length === 0
        ? 'No source let itself be measured.'
        : `Sources by what was measured: ${lively.map(({ id }) => id).join(', ')}.`,
    );
  }

  async function findByAuthority(configured: Source, project: string): Promise<Found | null> {
    // With credentials it is private: what is taken elsewhere in its place may be a stranger's.
    const replaceable = sources.length > 1 && configured.credentials === null;
    const found = await persist(shared, replaceable ? patience.replaceable : patience.alone, async (limitMs) =>
      sortOut([await ask(shared, configured, project, null, limitMs, signal)]),
    );
    const [fault] = found.faults;
    authorityAnswered ||= fault === undefined || isAbsent(fault);
    // Once it has spoken, its silence about one project is never filled with a stranger's package of that name.
    if (authorityAnswered || fault === undefined) return found;
    authorityReplaced = replaceable && unheard.includes(fault.kind);
    const [what, then] = authorityReplaced
      ? [
          'does not answer',
          'the official index and its mirrors stand in for it. Name it alone in `mirrors` to forbid that.',
        ]
      : [
          'fails',
          `no other index stands in for it. Correct it in ${configured.origin}, or name other sources in \`mirrors\`.`,
        ];
    log.warn({ id: 'configured-index-failed', text: `The configured index ${what} (${fault.detail}); ${then}` });
    return authorityReplaced ? null : found;
  }

  /** It does, too, where it is back after others stood in for it. */
  const isAuthority = (): boolean =>
    authority !== undefined && (authorityAnswered || !(authorityReplaced && dead.has(authority.id)));

  async function find(project: string): Promise<Found> {
    if (sources.length === 0) return { pages: [], faults: [] };
    if (authority !== undefined && isAuthority()) {
      const found = await findByAuthority(authority, project);
      if (found !== null) return found;
    }
    await measuring;
    const attempt = async (limitMs: number): Promise<Found> => {
      const candidates = byLife().filter((source) => source !== authority);
      if (!asksSeveral) return inTurn(project, candidates, limitMs);
      const prompt = candidates.filter(({ id }) => !late.has(id));
      const referee = prompt.filter(({ id, group }) => group === officialGroup && !dead.has(id));
      const chosen = [...new Set([...best(prompt, width.pages), ...referee])];
      const runs = chosen.map((source) => (abort: AbortSignal) => ask(shared, source, project, null, limitMs, abort));
      const found = sortOut((await gather(runs, graceMs.page, signal)).filter((told) => told !== null));
      if (found.pages.length > 0 || settledBy(found.faults)) return found;
      const others = candidates.filter((source) => !chosen.includes(source));
      const rest = await inTurn(project, others, limitMs);
      return { pages: rest.pages, faults: [...found.faults, ...rest.faults] };
    };
    return persist(shared, limits, attempt, settledBy);
  }

  return {
    async find(project) {
      const found = await find(project);
      const [page] = found.pages;
      if (!measured && page !== undefined) {
        measured = true;
        // The page is needed now; what is measured serves the next ones.
        measuring = measure(page).catch((error: unknown) => {
          if (!signal.aborted) throw error;
          // Kept for the next run, it would have that one measure nothing.
          measured = false;
        });
      }
      return found;
    },
    more: (project, asked, living) =>
      together(
        project,
        best(
          byLife().filter(({ id }) => !asked.has(id) && !(living && (dead.has(id) || overtaken.has(id)))),
          width.pages,
        ),
        firstAnswerMs.oneOfMany,
      ),
    isAuthority,
    isSettledBy: (answered) => isAuthority() || areReferees(answered),
    demote(ids) {
      for (const id of ids) demoted.add(id);
      order = [...order.filter(({ id }) => !ids.has(id)), ...order.filter(({ id }) => ids.has(id))];
    },
    ranked() {
      const band = ({ id }: Source) => (!shared.used.has(id) && !tried.has(id) ? 2 : demoted.has(id) ? 1 : 0);
      return byLife().sort((a, b) => band(a) - band(b));
    },
    settled: () => measuring,
    isWide: () => asksSeveral,
    isMeasured: () => measured && !exclusive && authority === undefined && sources.length > 1,
  };
}
