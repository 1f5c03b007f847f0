import { parse, stringify, type TomlTable } from 'smol-toml';

/** A TOML file as a table; none is an empty one. Throws SyntaxError where it is broken. */
export function parseToml(text: string | null): TomlTable {
  try {
    return parse(text ?? '');
  } catch (error) {
    throw new SyntaxError(`it is no TOML (${String(error).split('\n')[0]})`, { cause: error });
  }
}

/** Whether a value of a TOML file is a table. */
export function isTable(value: unknown): value is TomlTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** A value that has to be a table; none is an empty one. Throws SyntaxError for anything else. */
export function tableAt(found: unknown, name: string): TomlTable {
  if (found === undefined) return {};
  if (!isTable(found)) throw new SyntaxError(`\`${name}\` is no table`);
  return found;
}

/** A table as text with a line end at its end; '' for an empty one. */
export function writeToml(table: TomlTable): string {
  const text = stringify(table).trim();
  return text === '' ? '' : `${text}\n`;
}

/** A table below the text that is there, comments and all. */
export function appendToml(text: string | null, table: TomlTable): string {
  const above = text?.trimEnd() ?? '';
  return `${above}${above === '' ? '' : '\n\n'}${writeToml(table)}`;
}
