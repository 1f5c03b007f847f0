import type { SourceReport } from '../values/report.js';
import { formatBytes } from './progress.js';

/** One row about sources: their names, who named them, and what they did in plain words. */
export interface SourceRow {
  readonly ids: string;
  readonly origin: string;
  readonly did: string;
}

/** From this many on, sources that failed in the same way and served nothing share a row: behind a closed door all of them do. */
const CROWD = 3;

/** What each source served and where it failed; faults of one kind are told once. */
export function describeSources(sources: readonly SourceReport[]): readonly SourceRow[] {
  const rows: SourceRow[] = [];
  const told = new Set<string>();
  for (const source of sources) {
    const way = wayOf(source);
    const alike = way === null ? [] : sources.filter((other) => wayOf(other) === way);
    if (way === null || alike.length < CROWD) {
      rows.push({ ids: source.id, origin: source.origin, did: describe(source) });
    } else if (!told.has(way)) {
      told.add(way);
      const detail = source.faults[0]?.detail ?? '';
      const did = `no file served by any of these ${alike.length}; ${source.faults[0]?.kind}, for one: ${detail}${remedyOf(source)}`;
      rows.push({ ids: alike.map(({ id }) => id).join(', '), origin: source.origin, did });
    }
  }
  return rows;
}

/** What a source that served nothing failed of, by whom it was named; null where it served something or failed in several ways. */
function wayOf({ bytes, faults, origin }: SourceReport): string | null {
  const [kind, ...others] = new Set(faults.map((fault) => fault.kind));
  return bytes === 0 && kind !== undefined && others.length === 0 ? `${origin} ${kind}` : null;
}

function remedyOf({ faults }: Pick<SourceReport, 'faults'>): string {
  const remedy = faults.find((fault) => fault.remedy !== null)?.remedy;
  return remedy === undefined || remedy === null ? '' : ` ${remedy}`;
}

function describe(source: SourceReport): string {
  const served = source.bytes > 0 ? `${formatBytes(source.bytes)} served` : 'no file served';
  const kinds = [...new Set(source.faults.map(({ kind }) => kind))];
  const faults = kinds.map((kind) => {
    const same = source.faults.filter((fault) => fault.kind === kind);
    const more = same.length > 1 ? ` (${same.length} times)` : '';
    return `${kind}${more}: ${same[0]?.detail ?? ''}${remedyOf({ faults: same })}`;
  });
  return [served, ...faults].join('; ');
}
