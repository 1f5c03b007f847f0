import type { Editor, Part } from './editor.js';

function linesOf(part: Part): readonly string[] {
  const lines = part['lines'];
  if (lines === undefined || typeof lines === 'string') throw new TypeError('the part has no list of lines');
  return lines;
}

/** Assignments at the end of a file of variables, where they win over earlier ones. The part is `lines`, each maybe of several lines. */
export const environmentLines: Editor = {
  put(text, part) {
    const before = text === null || text === '' || text.endsWith('\n') ? (text ?? '') : `${text}\n`;
    return (
      before +
      linesOf(part)
        .map((line) => `${line}\n`)
        .join('')
    );
  },
  take(text, part, before) {
    // The last one of each: an equal line further up is the user's.
    const rest = linesOf(part).reduceRight((whole, line) => {
      const at = `\n${whole}`.lastIndexOf(`\n${line}\n`);
      return at < 0 ? whole : whole.slice(0, at) + whole.slice(at + line.length + 1);
    }, text);
    return rest === '' && before === null ? null : rest;
  },
};
