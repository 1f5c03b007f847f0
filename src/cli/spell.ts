import { inputs } from '../request/inputs.js';
import type { Problem } from '../values/failure.js';

const names = inputs.map(({ name }) => name);
const written = new RegExp(`(["\`])(${names.join('|')}): ([^"\`]+)\\1`, 'g');

/** A remedy speaks of inputs as a workflow writes them (`"device: cpu"`); in a shell they are flags (`--device cpu`). */
export function spellAsFlags({ where, what, remedy }: Problem): Problem {
  const spell = (text: string): string =>
    text.replace(written, (_whole, quote: string, name: string, value: string) => {
      const word = /^[\w.:/=+-]+$/.test(value) ? value : `'${value}'`;
      return `${quote}--${name} ${word}${quote}`;
    });
  return { where: names.includes(where) ? `--${where}` : where, what: spell(what), remedy: spell(remedy) };
}
