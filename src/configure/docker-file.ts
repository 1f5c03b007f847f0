import type { Editor } from './editor.js';
import { merged, mirrorsOf, without } from './mirror-list.js';

type Settings = Record<string, unknown>;

function parse(text: string | null): Settings {
  // dockerd takes an empty file for one without settings.
  if (text === null || text.trim() === '') return {};
  const found: unknown = JSON.parse(text);
  if (typeof found !== 'object' || found === null || Array.isArray(found)) throw new SyntaxError('it holds no object');
  return found as Settings;
}

function mirrorsIn(settings: Settings): readonly string[] | null {
  const there = settings['registry-mirrors'];
  if (there === undefined || there === null) return null;
  if (!Array.isArray(there) || !there.every((one) => typeof one === 'string'))
    throw new SyntaxError('`registry-mirrors` is no list of addresses');
  return there;
}

/** JSON in the file's own indentation, tab or blanks; four blanks, as Docker's documentation writes it, for a new one. */
function write(settings: Settings, text: string | null): string {
  const indent = /^[ \t]+(?=")/m.exec(text ?? '')?.[0] ?? '    ';
  return `${JSON.stringify(settings, null, indent)}\n`;
}

/** The `registry-mirrors` of a daemon.json, or null where it has none. Throws SyntaxError for a file that dockerd would refuse. */
export function listedMirrors(text: string | null): readonly string[] | null {
  return mirrorsIn(parse(text));
}

/**
 * `registry-mirrors` of daemon.json: ours in front of those that are there, every other setting as it was. Taken out, the list itself
 * stays, be it empty: dockerd keeps its old mirrors when a reloaded file has no such key (its `daemon/reload.go`; seen with 20.10).
 */
export const dockerFile: Editor = {
  put(text, part) {
    const settings = parse(text);
    return write({ ...settings, 'registry-mirrors': merged(mirrorsOf(part), mirrorsIn(settings) ?? []) }, text);
  },
  take(text, part) {
    const settings = parse(text);
    return write({ ...settings, 'registry-mirrors': without(mirrorsIn(settings) ?? [], mirrorsOf(part)) }, text);
  },
};
