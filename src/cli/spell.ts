import { inputs } from '../request/inputs.js';
import type { Problem } from '../values/failure.js';

const names = inputs.map(({ name }) => name);
const written = new RegExp(`(["\`])(${names.join('|')}): ([^"\`]+)\\1`, 'g');

/** A text speaks of inputs as a workflow writes them (`"device: cpu"`); in a shell they are flags (`--device cpu`). */
export function spellTextAsFlags(text: string): string {
  return text.replace(written, (_whole, quote: string, name: string, value: string) => {
    const word = /^(?:[\w.:/=+-]+|'[^']*')$/.test(value) ? value : `'${value}'`;
    return `${quote}--${name} ${word}${quote}`;
  });
}

/** A problem with its input and its words spelt as flags. */
export function spellAsFlags({ where, what, remedy }: Problem): Problem {
  return {
    where: names.includes(where) ? `--${where}` : where,
    what: spellTextAsFlags(what),
    remedy: spellTextAsFlags(remedy),
  };
}
