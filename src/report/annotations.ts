import type { Report } from '../values/report.js';

/** One annotation of a job. */
export interface Annotation {
  readonly level: 'error' | 'warning';
  readonly title: string;
  readonly message: string;
}

/** GitHub shows at most 10 annotations of each type a step, each cut at 4096 characters (documented). */
const MOST = 10;
const LENGTH = 4096;

function limited(annotations: readonly Annotation[]): Annotation[] {
  const shown = annotations.length > MOST ? annotations.slice(0, MOST - 1) : annotations;
  const rest = annotations.slice(shown.length);
  const last = rest.map(({ message }) => message).join('\n');
  const [first] = rest;
  const all =
    first === undefined ? shown : [...shown, { level: first.level, title: `${rest.length} more`, message: last }];
  return all.map((annotation) => ({ ...annotation, message: annotation.message.slice(0, LENGTH) }));
}

/** A problem is an error, a notice a warning; what would be past GitHub's limit is gathered in the last one. */
export function annotations(report: Report): readonly Annotation[] {
  const errors = report.problems.map(
    (p): Annotation => ({ level: 'error', title: p.where, message: `${p.where}: ${p.what} ${p.remedy}` }),
  );
  const warnings = report.notices.map((n): Annotation => ({ level: 'warning', title: n.id, message: n.text }));
  return [...limited(errors), ...limited(warnings)];
}
