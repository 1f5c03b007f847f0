import { parseFilename } from '../packaging/filename.js';
import type { Origin } from '../values/plan.js';
import type { FileLocation, IndexFile } from '../values/source.js';
import type { OpenSources } from './open.js';

/**
 * Other places of a file whose known places gave trouble, from sources that were not asked for its project yet: those that state the same
 * hash, or none. A direct link has none but its own. `failed`: ids of the sources that refused it.
 */
export async function morePlaces(
  sources: Pick<OpenSources, 'widen'>,
  file: IndexFile,
  failed: ReadonlySet<string>,
  origins: (project: string) => readonly Origin[] | undefined,
): Promise<readonly FileLocation[]> {
  const project = parseFilename(file.filename)?.name;
  if (project === undefined || file.locations.some(({ source }) => source === 'direct')) return [];
  const page = await sources.widen(project, origins(project), failed);
  const places = page.files.find(({ filename }) => filename === file.filename)?.locations ?? [];
  return places.filter(({ sha256 }) => sha256 === null || file.sha256 === null || sha256 === file.sha256);
}
