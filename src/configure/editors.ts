import { buildkitFile } from './buildkit-file.js';
import { containerdFile } from './containerd-file.js';
import { dockerFile } from './docker-file.js';
import type { Editor } from './editor.js';
import { environmentLines } from './env-lines.js';
import { pipIni } from './pip-ini.js';
import { podmanFile } from './podman-file.js';
import { wholeText } from './whole-text.js';

const editors = {
  'environment-lines': environmentLines,
  'pip-ini': pipIni,
  'docker-mirrors': dockerFile,
  'buildkit-mirrors': buildkitFile,
  'containerd-mirrors': containerdFile,
  'podman-mirrors': podmanFile,
  'whole-text': wholeText,
} as const satisfies Readonly<Record<string, Editor>>;

/** Name of an editor: what a journal keeps of it, so a name once released stays. */
export type EditorName = keyof typeof editors;

/** The editor that a journal names. Throws Error for one that this version does not have. */
export function editorNamed(name: string): Editor {
  const known: Readonly<Record<string, Editor>> = editors;
  const editor = Object.hasOwn(known, name) ? known[name] : undefined;
  if (editor === undefined) throw new Error(`it was edited by another version of this program (as ${name})`);
  return editor;
}
