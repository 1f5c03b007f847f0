import type { Draft, Origin } from '../values/plan.js';

/** How a Listing names an origin: `python`, or the folder of PaddlePaddle's index. */
export function originName(origin: Origin): string {
  return origin.kind === 'python' ? origin.kind : origin.folder;
}

/** The project pages that deciding needs, each once, those of the first candidate first. */
export function neededPages(draft: Draft): { readonly origin: Origin; readonly project: string }[] {
  const pages = draft.candidates.flatMap(({ origins }) =>
    Object.entries(origins).flatMap(([project, sources]) => sources.map((origin) => ({ origin, project }))),
  );
  return [...new Map(pages.map((page) => [`${originName(page.origin)} ${page.project}`, page])).values()];
}
